// One seed makes one Internet with faults, runs the engine over it, and compares with the oracle.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace caascan::sim {

struct SeedReport {
  std::uint64_t seed = 0;
  std::vector<std::string> differences;                // empty: clean
  std::map<std::string, std::uint64_t> fault_classes;  // how often each was built in
  std::size_t names = 0;
  std::size_t questions = 0;
};

// Pure: the same seed gives the same report. Any number may run at a time.
[[nodiscard]] SeedReport run_seed(std::uint64_t seed);

}  // namespace caascan::sim
