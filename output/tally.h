// How many affected names there are of each kind, for summary.json and report.html.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "output/affected.h"

namespace caascan {

struct ReasonTally {
  const Reason* reason = nullptr;
  std::uint64_t servfail = 0, timeout = 0;  // names
  std::uint64_t zones = 0, providers = 0;   // known ones
};

struct Tally {
  std::array<std::uint64_t, kSecurityCount> names_by_security{};
  std::array<std::uint64_t, kBogusKindCount> names_by_bogus{};
  std::array<std::uint64_t, kIssuanceClassCount> names_by_class{};  // a name may be in several
  std::vector<ReasonTally> reasons;  // those that occur; most names first, then by identifier
};

[[nodiscard]] Tally tally_of(const AffectedNames& affected);

}  // namespace caascan
