// A simulated Internet: zones with their delegations, servers by address, and what each server does
// to the questions of each zone. It answers like authoritative servers do: referrals with glue,
// authoritative answers, denials with SOA.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
  kFoldsCase,        // repeats the question in lower case
  kCapitalsDropped,  // silent where the question has a capital
  kRecursionLame,    // RA and not AA unless RD=1
  kNxdomainLiar,     // every name of the zone does not exist
  kLoopReferral,     // refers below the question's zone for ever: to a cut that it denies again
  // Of signed zones; elsewhere these are good.
  kExpiredSignatures,
  kStrippedSignatures,  // no RRSIG, but all else
  kUnsignedAnswers,     // knows nothing of DNSSEC: neither keys nor proofs
  kWrongDenial,         // the apex's NSEC(3) record, well signed, in place of every proof
  kUpperCaseDenial,     // the same for names with a capital below the apex (PowerDNS <= 4.0.3)
};
inline constexpr std::size_t kBehaviourCount = 29;
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
// How a zone is signed: by one key of its own.
struct SimSigning {
  bool nsec3 = false;
  bool opt_out = false;
  std::uint16_t iterations = 0;
  bool ds = true;        // the parent has the DS set; without, the zone is as good as unsigned
  bool ds_right = true;  // of this key
};
struct SimZone {
  wire::DnsName apex;
  std::vector<SimNameserver> nameservers;
  std::map<wire::DnsName, SimNode> nodes;  // names that exist, beside the apex
  std::uint32_t ttl_s = 86400;
  std::optional<SimSigning> signing;
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

  // Whether the name, or one below it, is in any zone.
  [[nodiscard]] bool has_something_at(const wire::DnsName& name) const;
  // Everybody who serves `apex`.
  [[nodiscard]] std::vector<engine::IpAddress> servers_of(const wire::DnsName& apex) const;

  // The trust anchors: none where the root is not signed. Signatures are valid in a run whose
  // clock starts at `kEpoch_unix_s`.
  [[nodiscard]] std::vector<wire::DsRecord> trust_anchors() const;
  static constexpr std::int64_t kEpoch_unix_s = 1'800'000'000;

  // The hints that lead here.
  [[nodiscard]] engine::Delegation root() const;
  [[nodiscard]] std::vector<Reply> answer(const SeenQuery& query) const;

 private:
  struct Signer;
  [[nodiscard]] std::vector<std::uint8_t> good_answer(const SeenQuery& query, const SimZone& zone,
                                                      const wire::DnsName& name,
                                                      Behaviour behaviour = Behaviour::kGood) const;
  [[nodiscard]] std::vector<std::uint8_t> signed_answer(const SeenQuery& query, const SimZone& zone,
                                                        const wire::DnsName& name,
                                                        Behaviour behaviour) const;
  [[nodiscard]] Signer& signer(const SimZone& zone, bool expired) const;
  [[nodiscard]] const SimZone* cut_above(const SimZone& zone, const wire::DnsName& name,
                                         wire::RecordType type) const;
  static void add_referral(std::vector<std::uint8_t>& reply, const SimZone& cut, bool with_ns);

  std::map<wire::DnsName, SimZone> zones_;
  std::map<engine::IpAddress, std::map<wire::DnsName, std::vector<Served>>> servers_;
  // By apex, and whether expired; made when first needed, when the Internet is complete.
  mutable std::map<std::pair<wire::DnsName, bool>, std::shared_ptr<Signer>> signers_;
};

// Record data and bits for those who script replies themselves.
[[nodiscard]] std::vector<std::uint8_t> address_data(const engine::IpAddress& address);
void set_flags(std::vector<std::uint8_t>& reply, bool aa, bool ra);
[[nodiscard]] bool has_edns(const SeenQuery& query);
[[nodiscard]] bool wants_recursion(const SeenQuery& query);
[[nodiscard]] wire::DnsName name_of(std::string_view text);

}  // namespace caascan::sim
