// Compares a run over a built Internet with the oracle, and holds it against what is promised.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/internet_builder.h"
#include "tests/sim/oracle.h"
#include "tests/sim/random_internet.h"
#include "tests/sim/sim_world.h"

namespace caascan::sim {

inline constexpr std::size_t kDifferencesListedMax = 20;

// The ranges that nobody may be asked in.
[[nodiscard]] const std::vector<engine::AddressRange>& special_use();

// What the network does in one run.
struct Weather {
  std::string_view word;
  double loss, duplicate;
  int jitter_max_ms;
  bool forged;  // replies that differ from the true one in one thing each
  int confirm_rounds;
};
class RunChecker {
 public:
  RunChecker(const InternetBuilder& built, const Weather& weather,
             const engine::EngineOptions& options, SeedReport& report)
      : built_(built),
        weather_(weather),
        options_(options),
        report_(report),
        oracle_(built.internet, special_use(), !options.trust_anchors.empty()) {}

  void check_verdicts(SimWorld& net, const engine::Engine& engine);
  void check_limits(const SimWorld& net);
  void check_parents(const SimWorld& net, std::uint64_t cleared);
  void differ(std::string what) {
    if (report_.differences.size() < kDifferencesListedMax)
      report_.differences.push_back(std::move(what));
  }

 private:
  const InternetBuilder& built_;
  const Weather& weather_;
  const engine::EngineOptions& options_;
  void check_security(const engine::Verdict& verdict, const Expected& expected);

  SeedReport& report_;
  Oracle oracle_;
  std::set<std::string> troubled_;  // registrable domains that must be asked for in every round
  std::size_t affected_ = 0;
};

}  // namespace caascan::sim
