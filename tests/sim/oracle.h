// What the outcome of every name must be, computed from how a simulated Internet was built and from
// the rules of the verdict; nothing here knows the engine.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "tests/sim/sim_internet.h"

namespace caascan::sim {

// How one question ends.
enum class Fate : std::uint8_t { kAnswered, kServfail, kTimeout };

struct Expected {
  Outcome outcome = Outcome::kEmpty;
  // Some server on the way gives an error or a reply that is not an answer, or some nameserver name
  // has no address: what loss turns into silence may then leave the error alone.
  bool near_error = false;
};

class Oracle {
 public:
  // Borrows both. Judges the Internet as it is at time zero.
  Oracle(const SimInternet& internet, const std::vector<engine::AddressRange>& forbidden)
      : internet_(internet), forbidden_(forbidden) {}

  [[nodiscard]] Expected judge(const std::string& name);
  // How a question of `type` for a name of `zone` ends, the way down to the zone included.
  [[nodiscard]] Fate fate(const SimZone& zone, wire::RecordType type);

 private:
  struct Known {
    Fate fate = Fate::kAnswered;
    bool near_error = false;
  };
  struct Addresses {
    std::vector<engine::IpAddress> usable;
    bool silence = false;  // a nameserver name's own servers are silent
    bool near_error = false;
  };
  Known know(const SimZone& zone, wire::RecordType type);
  Addresses addresses(const SimZone& zone);
  // Follows aliases from `name`. False where the chain fails, with its fate in `known`.
  const SimNode* resolve(const wire::DnsName& name, wire::RecordType type, Known& known);

  const SimInternet& internet_;
  const std::vector<engine::AddressRange>& forbidden_;
  std::map<std::pair<wire::DnsName, bool>, Known> known_;  // zone, whether CAA
  std::set<wire::DnsName> on_the_way_;                     // zones whose addresses are being found
};

}  // namespace caascan::sim
