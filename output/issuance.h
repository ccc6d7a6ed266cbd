// What a finding means for issuance: whom it stops, and what a subscriber can do without the
// operator of the servers at fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/finding.h"

namespace caascan {

// How a failed lookup counts. A closed list, several for one finding. The Baseline Requirements
// (BR) are those of the CA/Browser Forum, §3.2.2.8 and, since 2026-03-15, §3.2.2.8.1.
enum class IssuanceClass : std::uint8_t {
  kBlocksLe,      // Let's Encrypt refuses: any failure counts
  kBrDiscretion,  // another CA may take the failure for permission: no DNSSEC, that is proven, and
                  // the lookup was repeated
  kBrForbidden,   // no CA may: DNSSEC is at fault, or its absence is not proven
  kTransient,     // seen in one round only; whether it lasts is not known
  kInherited,     // the fault is a TLD's or the root's
};
inline constexpr std::size_t kIssuanceClassCount = 5;

[[nodiscard]] std::string_view word(IssuanceClass issuance);  // stable, in published files
[[nodiscard]] std::string_view describe(IssuanceClass issuance);

// In the order above. Of a resolver's verdict (Security::kNotChecked) nothing is said about the BR,
// nor of a failure that was seen once where there is no DNSSEC.
[[nodiscard]] std::vector<IssuanceClass> issuance_classes(const Finding& finding);

// A way around the fault, where only empty answers are at fault: the proof of absence.
struct Workaround {
  enum class Kind : std::uint8_t {
    kCaaRecord,  // a CAA record at `at` itself
    kCname,      // a CNAME at `at` to a name whose zone another operator serves
  };
  Kind kind = Kind::kCaaRecord;
  std::string at;

  friend bool operator==(const Workaround&, const Workaround&) = default;
};

[[nodiscard]] std::string_view word(Workaround::Kind kind);  // stable, in published files
// One sentence for whoever holds the name.
[[nodiscard]] std::string describe(const Workaround& workaround);

// The simpler one first; empty where there is none.
[[nodiscard]] std::vector<Workaround> workarounds(const Finding& finding);

}  // namespace caascan
