// Runs the engine over many random Internets: `sim_sweep [--seeds N] [--first K] [--jobs J]`.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/sim/random_internet.h"

namespace {

constexpr std::uint64_t kSeedsBetweenLines = 1000;

bool take_number(std::string_view text, std::uint64_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 10000;
  std::uint64_t first = 1;
  std::uint64_t jobs = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    std::uint64_t* into = option == "--seeds"   ? &seeds
                          : option == "--first" ? &first
                          : option == "--jobs"  ? &jobs
                                                : nullptr;
    if (into == nullptr || i + 1 == argc || !take_number(argv[i + 1], *into) || jobs == 0) {
      fmt::print(stderr, "usage: sim_sweep [--seeds N] [--first K] [--jobs J]\n");
      return 2;
    }
  }
  const auto started = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next = 0;
  std::mutex together;
  std::map<std::string, std::uint64_t> classes;
  std::uint64_t done = 0, failed = 0, names = 0, questions = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t job = 0; job < jobs; ++job) {
    threads.emplace_back([&] {
      for (std::uint64_t at = next++; at < seeds; at = next++) {
        const caascan::sim::SeedReport report = caascan::sim::run_seed(first + at);
        const std::lock_guard lock(together);
        for (const auto& [word, times] : report.fault_classes) classes[word] += times;
        names += report.names;
        questions += report.questions;
        if (!report.differences.empty()) {
          ++failed;
          fmt::print("seed {} FAILED\n", report.seed);
          for (const std::string& difference : report.differences) fmt::print("  {}\n", difference);
        }
        if (++done % kSeedsBetweenLines == 0) {
          fmt::print(stderr, "{} of {} seeds, {} failed\n", done, seeds, failed);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("fault classes:");
  for (const auto& [word, times] : classes) fmt::print(" {}={}", word, times);
  fmt::print("\n{} seeds from {}, {} names, {} questions, {} failed, {:.1f} s\n", seeds, first,
             names, questions, failed, took.count());
  return failed == 0 ? 0 : 1;
}
