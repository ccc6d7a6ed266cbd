// A simulated Internet: zones with their delegations, servers by address, and what each server does
// to the questions of each zone. It answers like authoritative servers do: referrals with glue,
// authoritative answers, denials with SOA.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_world.h"

namespace caascan::sim {

// What a server does to the questions of one zone.
enum class Behaviour : std::uint8_t {
  kGood,
  kServfail,
  kRefused,
  kNotimp,
  kFormerr,
  kNotauth,      // rcode 9
  kEdnsFormerr,  // FORMERR with an OPT record, good without
  kEdnsNotimp,   // likewise NOTIMP
  kEdnsDropped,  // silent with an OPT record
  kSilent,
  kLameUpward,      // refers to the root, not authoritative
  kSelfReferral,    // refers to the zone itself, not authoritative
  kEmptyReply,      // NOERROR and nothing else
  kWrongQuestion,   // repeats another question
  kNotReply,        // QR=0
  kMalformed,       // counts a record that is not there
  kTruncated,       // TC over UDP, good over TCP
  kTruncatedNoTcp,  // TC over UDP, TCP refused
  kTruncatedTcpSilent,
  kFoldsCase,      // repeats the question in lower case
  kRecursionLame,  // RA and not AA unless RD=1
  kNxdomainLiar,   // every name of the zone does not exist
  kLoopReferral,   // refers below the question's zone for ever: to a cut that it denies again
};
inline constexpr std::size_t kBehaviourCount = 23;
[[nodiscard]] std::string_view word(Behaviour behaviour);
[[nodiscard]] std::optional<Behaviour> behaviour_from_word(std::string_view text);

// How one server serves one zone, in one span of time.
struct Served {
  Behaviour behaviour = Behaviour::kGood;
  bool caa_only = false;  // questions of other types are answered well
  engine::Duration delay = std::chrono::milliseconds(20);
  engine::Instant from{}, until = engine::kNever;
};

struct SimNameserver {
  wire::DnsName name;
  std::vector<engine::IpAddress> glue;  // what the parent says
};
struct SimNode {
  bool caa = false;
  std::optional<wire::DnsName> alias;
  std::optional<wire::DnsName> subtree_alias;  // DNAME
  std::vector<engine::IpAddress> addresses;
};
struct SimZone {
  wire::DnsName apex;
  std::vector<SimNameserver> nameservers;
  std::map<wire::DnsName, SimNode> nodes;  // names that exist, beside the apex
  std::uint32_t ttl_s = 86400;
};

class SimInternet {
 public:
  // The zone, made on first use.
  SimZone& zone(std::string_view apex);
  SimZone& zone(const wire::DnsName& apex);
  [[nodiscard]] const SimZone* find_zone(const wire::DnsName& apex) const;
  // The deepest zone at or above `name`; the root zone exists always.
  [[nodiscard]] const SimZone& zone_of(const wire::DnsName& name) const;
  // The zone above the cut at `apex`.
  [[nodiscard]] const SimZone& parent_zone(const wire::DnsName& apex) const;
  // The node of a name in the deepest zone that holds it; made on first use.
  SimNode& node(std::string_view name);

  // `address` serves `apex`; several spans of time may follow each other, the last that holds
  // counts.
  void serve(const engine::IpAddress& address, const wire::DnsName& apex, Served how = {});
  // How `address` serves exactly `apex` at `now`; null where it does not.
  [[nodiscard]] const Served* served(const engine::IpAddress& address, const wire::DnsName& apex,
                                     engine::Instant now) const;
  [[nodiscard]] const std::map<wire::DnsName, SimZone>& zones() const { return zones_; }
  [[nodiscard]] bool exists(const engine::IpAddress& address) const {
    return servers_.contains(address);
  }

  // The hints that lead here.
  [[nodiscard]] engine::Delegation root() const;
  [[nodiscard]] std::vector<Reply> answer(const SeenQuery& query) const;

 private:
  [[nodiscard]] std::vector<std::uint8_t> good_answer(const SeenQuery& query, const SimZone& zone,
                                                      const wire::DnsName& name) const;

  std::map<wire::DnsName, SimZone> zones_;
  std::map<engine::IpAddress, std::map<wire::DnsName, std::vector<Served>>> servers_;
};

// Record data and bits for those who script replies themselves.
[[nodiscard]] std::vector<std::uint8_t> address_data(const engine::IpAddress& address);
void set_flags(std::vector<std::uint8_t>& reply, bool aa, bool ra);
[[nodiscard]] bool has_edns(const SeenQuery& query);
[[nodiscard]] bool wants_recursion(const SeenQuery& query);
[[nodiscard]] wire::DnsName name_of(std::string_view text);

}  // namespace caascan::sim
