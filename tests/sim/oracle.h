// What the outcome of every name must be, computed from how a simulated Internet was built and from
// the rules of the verdict; nothing here knows the engine.
#pragma once

#include <map>
#include <optional>
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
  // Bogus only where nothing but bad signatures and proofs is in the way; `security` of the answer
  // otherwise, where it is known.
  bool bogus = false;
  std::optional<Security> security;
  // A wrong denial may happen to be the right one for a name that does not exist: then SERVFAIL is
  // right too.
  bool perhaps_bogus = false;
  // The fault is not seen by who asks in lower case, as after lost datagrams.
  bool by_case = false;
};

class Oracle {
 public:
  // Borrows both. Judges the Internet as it is at time zero, for a resolver that `validates`.
  Oracle(const SimInternet& internet, const std::vector<engine::AddressRange>& forbidden,
         bool validates = false)
      : internet_(internet), forbidden_(forbidden), validates_(validates) {}

  [[nodiscard]] Expected judge(const std::string& name);
  // How a question of `type` for a name of `zone` ends, the way down to the zone included.
  [[nodiscard]] Fate fate(const SimZone& zone, wire::RecordType type);
  // Whether a chain of DS sets leads to the zone, right or not.
  [[nodiscard]] bool is_secure(const SimZone& zone) const;

 private:
  struct Known {
    Fate fate = Fate::kAnswered;
    bool near_error = false;
    bool bogus = false;   // for nothing but bad signatures and proofs
    bool refers = false;  // somebody refers to the zones below, whether that validates or not
    bool denies_wrongly = false;  // whoever answers in the zone
    bool by_case = false;         // but only names with a capital
  };
  struct Addresses {
    std::vector<engine::IpAddress> usable;
    bool silence = false;  // a nameserver name's own servers are silent
    bool near_error = false;
  };
  Known know(const SimZone& zone, wire::RecordType type);
  Addresses addresses(const SimZone& zone);
  // Follows aliases from `name`. Null where the chain fails, with its fate in `known`, and where
  // there is nothing.
  const SimNode* resolve(const wire::DnsName& name, wire::RecordType type, Known& known,
                         Expected& expected);

  const SimInternet& internet_;
  const std::vector<engine::AddressRange>& forbidden_;
  bool validates_;
  std::map<std::pair<wire::DnsName, bool>, Known> known_;  // zone, whether CAA
  std::set<wire::DnsName> on_the_way_;                     // zones whose addresses are being found
};

}  // namespace caascan::sim
