// What a CA's resolver itself makes of a name: a second opinion beside caascan's own. A plain
// value, made by scanner/oracle.
#pragma once

#include <cstdint>
#include <string>

#include "ingest/domain_name.h"
#include "scanner/finding.h"

namespace caascan {

struct OracleVerdict {
  DomainName name;
  // kNotReached: the resolver could not be used for it; kExcluded: opted out, not asked.
  Outcome outcome = Outcome::kNotReached;
  std::string label;       // whose answer, or silence, ended the climb; empty where empty
  std::uint8_t rcode = 0;  // of that answer
  std::string why;         // where affected or not reached: the resolver's own words; hostile text

  friend bool operator==(const OracleVerdict&, const OracleVerdict&) = default;
};

}  // namespace caascan
