// Runs classifier and validator over many random zones: `zone_sweep [--zones N] [--first K]
// [--jobs J]`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/sim/random_zones.h"

namespace {

using namespace caascan::sim;

constexpr std::uint64_t kZonesBetweenLines = 100000;
constexpr std::uint64_t kZonesAtATime = 64;
constexpr std::uint64_t kFailuresShownMax = 20;

bool take_number(std::string_view text, std::uint64_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename Counts>
void add(Counts& into, const Counts& more) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += more[i];
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t zones = 100000;
  std::uint64_t first = 1;
  std::uint64_t jobs = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    std::uint64_t* into = option == "--zones"   ? &zones
                          : option == "--first" ? &first
                          : option == "--jobs"  ? &jobs
                                                : nullptr;
    if (into == nullptr || i + 1 == argc || !take_number(argv[i + 1], *into) || jobs == 0) {
      fmt::print(stderr, "usage: zone_sweep [--zones N] [--first K] [--jobs J]\n");
      return 2;
    }
  }
  const auto started = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next = 0;
  std::mutex together;
  ZoneReport sum;
  std::uint64_t done = 0, failed = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t job = 0; job < jobs; ++job) {
    threads.emplace_back([&] {
      for (std::uint64_t at = next.fetch_add(kZonesAtATime); at < zones;
           at = next.fetch_add(kZonesAtATime)) {
        const std::uint64_t end = std::min(zones, at + kZonesAtATime);
        for (std::uint64_t one = at; one < end; ++one) {
          const ZoneReport report = run_zone(first + one);
          const std::lock_guard lock(together);
          add(sum.faults, report.faults);
          add(sum.states, report.states);
          add(sum.zones, report.zones);
          sum.questions += report.questions;
          sum.checks += report.checks;
          if (!report.differences.empty() && ++failed <= kFailuresShownMax) {
            fmt::print("seed {} FAILED\n", report.seed);
            for (const std::string& difference : report.differences)
              fmt::print("  {}\n", difference);
          }
          if (++done % kZonesBetweenLines == 0)
            fmt::print(stderr, "{} of {} zones, {} failed\n", done, zones, failed);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("fault classes:");
  for (std::size_t i = 0; i < kZoneFaultCount; ++i)
    fmt::print(" {}={}", word(static_cast<ZoneFault>(i)), sum.faults[i]);
  fmt::print("\nexpected states:");
  for (std::size_t i = 0; i < kZoneStateCount; ++i)
    fmt::print(" {}={}", word(static_cast<ZoneState>(i)), sum.states[i]);
  fmt::print("\nzones: nsec={} nsec3={} opt-out={} (iterations over 150: {}), as unsigned {}\n",
             sum.zones[0], sum.zones[1], sum.zones[2], sum.zones[4], sum.zones[3]);
  fmt::print(
      "{} zones from {}, {} questions, {} signatures checked, {} failed, {:.1f} s, {:.0f} a "
      "second\n",
      zones, first, sum.questions, sum.checks, failed, took.count(),
      static_cast<double>(zones) / took.count());
  return failed == 0 ? 0 : 1;
}
