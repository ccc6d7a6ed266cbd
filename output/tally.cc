#include "output/tally.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace caascan {

Tally tally_of(const AffectedNames& affected) {
  Tally out;
  struct Places {
    ReasonTally tally;
    std::set<std::string_view> zones, providers;
  };
  std::map<std::string_view, Places> by_reason;
  for (const AffectedName& name : affected.names()) {
    ++out.names_by_security[static_cast<std::size_t>(name.security)];
    ++out.names_by_bogus[static_cast<std::size_t>(name.bogus)];
    for (std::size_t i = 0; i < name.classes.size(); ++i) {
      if (name.classes[i]) ++out.names_by_class[i];
    }
    Places& places = by_reason[name.reason->id];
    places.tally.reason = name.reason;
    ++(name.outcome == Outcome::kTimeout ? places.tally.timeout : places.tally.servfail);
    if (!name.zone.empty()) places.zones.insert(name.zone);
    if (name.provider != kProviderUnknown) places.providers.insert(name.provider);
  }
  for (auto& [id, places] : by_reason) {
    places.tally.zones = places.zones.size();
    places.tally.providers = places.providers.size();
    out.reasons.push_back(places.tally);
  }
  std::ranges::sort(out.reasons, [](const ReasonTally& a, const ReasonTally& b) {
    const std::uint64_t names_a = a.servfail + a.timeout, names_b = b.servfail + b.timeout;
    return std::tie(names_b, a.reason->id) < std::tie(names_a, b.reason->id);
  });
  return out;
}

}  // namespace caascan
