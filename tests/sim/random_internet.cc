#include "tests/sim/random_internet.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "ingest/assert.h"
#include "scanner/builtin_data.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim_internet.h"

namespace caascan::sim {
namespace {

using engine::Duration;
using engine::Instant;
using engine::IpAddress;
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::DnsName;
using wire::RecordType;

constexpr std::size_t kDifferencesListedMax = 20;
const std::array<std::string, 4> kPlainTlds = {"com", "net", "org", "co.uk"};

const std::vector<engine::AddressRange>& special_use() {
  static const std::vector<engine::AddressRange> ranges =
      parse_ranges(builtin_special_use(), "special-use").value();
  return ranges;
}

// What the network does in one run.
struct Weather {
  std::string_view word;
  double loss, duplicate;
  int jitter_max_ms;
  bool forged;  // replies that differ from the true one in one thing each
  int confirm_rounds;
};
// With loss a forged reply that has the right id, address and port could stand alone, which nobody
// off the path can make happen: those are for weather without loss.
constexpr std::array<Weather, 5> kWeathers = {{{"calm", 0, 0, 0, false, 1},
                                               {"jitter", 0, 0.1, 200, false, 1},
                                               {"forgery", 0, 0.05, 100, true, 1},
                                               {"loss-5%", 0.05, 0.05, 100, false, 3},
                                               {"loss-20%", 0.2, 0.05, 300, false, 2}}};

class Builder {
 public:
  // With `signs` a part of the zones is signed, up to the root. Its dice are others, so that all
  // else is as without.
  Builder(SeededEntropy& chance, std::map<std::string, std::uint64_t>& classes, bool signs,
          std::uint64_t seed)
      : chance_(chance), classes_(classes), signs_(signs), sign_chance_(seed ^ 0x516E) {}
  void build();

  SimInternet internet;
  std::vector<std::string> names;
  std::set<IpAddress> infrastructure;  // root and TLD servers

 private:
  struct Provider {
    std::string apex;
    std::vector<std::string> nameservers;
    std::vector<IpAddress> addresses;
  };
  std::uint64_t below(std::uint64_t bound) { return chance_.next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  void note(std::string_view what) { ++classes_[std::string(what)]; }
  IpAddress v4(int first = 5) {
    const unsigned n = ++addresses_;
    return IpAddress::parse(fmt::format("{}.{}.{}.{}", first, n / 65536, n / 256 % 256, n % 256))
        .value();
  }
  IpAddress v6() { return IpAddress::parse(fmt::format("2a01::{:x}", ++addresses_)).value(); }
  void delegate(const std::string& apex, const std::string& nameserver,
                std::vector<IpAddress> addresses, Served how = {});
  void make_tld(const std::string& apex, Behaviour behaviour);
  void make_providers();
  void make_zone(int number);
  void make_own_servers(const std::string& apex);
  void make_broken_delegation(const std::string& apex, int number);
  void fill(const std::string& apex, bool plain);
  void make_aliases();
  void sign_zones();
  void sign_zone(const DnsName& apex);
  void add_zone_on_the_same_servers(const DnsName& apex);
  Behaviour failing();
  Behaviour passing();

  SeededEntropy& chance_;
  std::map<std::string, std::uint64_t>& classes_;
  bool signs_;
  SeededEntropy sign_chance_;
  unsigned addresses_ = 0;
  std::vector<Provider> providers_;
  Provider dead_, sick_;
  std::vector<std::string> plain_apexes_;  // healthy zones with hosts
  std::vector<std::string> apexes_;
};

// A nameserver inside the zone, with glue.
void Builder::delegate(const std::string& apex, const std::string& nameserver,
                       std::vector<IpAddress> addresses, Served how) {
  SimZone& zone = internet.zone(apex);
  for (const IpAddress& address : addresses) internet.serve(address, zone.apex, how);
  if (!zone.apex.is_root()) internet.zone(apex).nodes[name_of(nameserver)].addresses = addresses;
  zone.nameservers.push_back({name_of(nameserver), std::move(addresses)});
}

void Builder::make_tld(const std::string& apex, Behaviour behaviour) {
  for (const char* letter : {"a", "b"}) {
    std::vector<IpAddress> addresses = {v4()};
    if (one_in(2)) addresses.push_back(v6());
    infrastructure.insert(addresses.begin(), addresses.end());
    delegate(apex, fmt::format("{}.nic.{}", letter, apex), addresses, {.behaviour = behaviour});
  }
}

void Builder::make_providers() {
  const auto make = [&](const std::string& apex, Behaviour behaviour) {
    Provider made{apex, {}, {}};
    for (int i = 1; i <= 2; ++i) {
      made.nameservers.push_back(fmt::format("ns{}.{}", i, apex));
      made.addresses.push_back(v4(6));
      if (one_in(3)) made.addresses.push_back(v6());
    }
    for (std::size_t i = 0; i < 2; ++i) {
      std::vector<IpAddress> own = {made.addresses[i]};
      if (i == 1) own.assign(made.addresses.begin() + 1, made.addresses.end());
      delegate(apex, made.nameservers[i], own, {.behaviour = behaviour});
    }
    names.push_back(apex);
    return made;
  };
  for (int i = 0; i < 4; ++i) {
    providers_.push_back(make(fmt::format("provider{}.{}", i, kPlainTlds[below(kPlainTlds.size())]),
                              Behaviour::kGood));
  }
  dead_ = make("dead-provider.net", Behaviour::kSilent);
  sick_ = make("sick-provider.com", Behaviour::kServfail);
  // Providers whose own nameservers are another's: no glue anywhere on their way.
  for (int i = 4; i < 6; ++i) {
    Provider made{fmt::format("provider{}.org", i), {}, {}};
    const Provider& other = providers_[i == 4 ? 0 : 4];
    SimZone& zone = internet.zone(made.apex);
    for (const std::string& nameserver : other.nameservers)
      zone.nameservers.push_back({name_of(nameserver), {}});
    for (const IpAddress& address : other.addresses) internet.serve(address, zone.apex);
    for (int n = 1; n <= 2; ++n) {
      const IpAddress address = v4(6);
      made.nameservers.push_back(fmt::format("ns{}.{}", n, made.apex));
      made.addresses.push_back(address);
      internet.zone(made.apex).nodes[name_of(made.nameservers.back())].addresses = {address};
    }
    if (i == 5) {
      // Served by provider4's own servers, which are found through provider0.
      note("glueless-two-deep");
    }
    names.push_back(made.apex);
    providers_.push_back(std::move(made));
  }
}

Behaviour Builder::failing() {
  constexpr std::array kinds = {
      Behaviour::kServfail,       Behaviour::kRefused,           Behaviour::kNotimp,
      Behaviour::kFormerr,        Behaviour::kNotauth,           Behaviour::kSilent,
      Behaviour::kSilent,         Behaviour::kEdnsDropped,       Behaviour::kLameUpward,
      Behaviour::kWrongQuestion,  Behaviour::kNotReply,          Behaviour::kMalformed,
      Behaviour::kTruncatedNoTcp, Behaviour::kTruncatedTcpSilent};
  return kinds[below(kinds.size())];
}

Behaviour Builder::passing() {
  constexpr std::array kinds = {Behaviour::kGood,       Behaviour::kGood,
                                Behaviour::kGood,       Behaviour::kEdnsFormerr,
                                Behaviour::kEdnsNotimp, Behaviour::kTruncated,
                                Behaviour::kFoldsCase,  Behaviour::kRecursionLame};
  return kinds[below(kinds.size())];
}

void Builder::make_own_servers(const std::string& apex) {
  const std::size_t servers = 1 + below(4);
  const std::uint64_t kind = below(10);
  const bool caa_only = one_in(3);
  const Behaviour common = failing();
  constexpr std::array kHiding = {Behaviour::kSelfReferral, Behaviour::kEmptyReply,
                                  Behaviour::kNxdomainLiar, Behaviour::kLoopReferral};
  const Behaviour hiding = kHiding[below(kHiding.size())];
  const bool only_v6 = one_in(12);
  if (only_v6) note("ipv6-only");
  if (kind >= 5 && kind <= 8 && caa_only) note("caa-only");
  if (kind == 7) note("one-good-server");
  const std::size_t good_one = below(servers);
  for (std::size_t i = 0; i < servers; ++i) {
    Served how;
    if (kind >= 2 && kind <= 4) how.behaviour = passing();
    if (kind == 5 || kind == 6) how.behaviour = common;
    if (kind == 7) how.behaviour = i == good_one ? passing() : failing();
    if (kind == 8) how.behaviour = failing();
    if (kind == 9 && one_in(2)) how.behaviour = hiding;
    if (kind == 9 && i > 0)
      how.behaviour =
          internet.served(internet.zone(apex).nameservers[0].glue[0], name_of(apex), Instant{})
              ->behaviour;
    how.caa_only = caa_only && kind >= 5 && kind <= 8;
    // What a slow server repeats wrongly is not noticed once its wait is over, and a TCP answer
    // must come within the share of its address: both are weaknesses, and kept out of the oracle's
    // way.
    const bool wait_matters =
        how.behaviour == Behaviour::kFoldsCase || how.behaviour == Behaviour::kNotReply ||
        how.behaviour == Behaviour::kWrongQuestion || how.behaviour == Behaviour::kTruncated;
    if (one_in(8) && !wait_matters) {
      how.delay = milliseconds(600 + below(2000));
      note("slow");
    }
    note(fmt::format("server-{}", word(how.behaviour)));
    std::vector<IpAddress> addresses = {only_v6 ? v6() : v4()};
    if (!only_v6 && one_in(4)) addresses.push_back(v6());
    delegate(apex, fmt::format("ns{}.{}", i + 1, apex), addresses, how);
  }
  const bool plain = kind <= 4;
  if (plain) plain_apexes_.push_back(apex);
  fill(apex, plain);
}

void Builder::fill(const std::string& apex, bool plain) {
  apexes_.push_back(apex);
  names.push_back(apex);
  if (one_in(5)) internet.zone(apex).nodes[name_of(apex)].caa = true;
  for (std::uint64_t host = below(5); host > 0; --host) {
    const std::string name = fmt::format("h{}.{}", host, apex);
    names.push_back(name);
    if (one_in(4)) continue;  // does not exist
    SimNode& node = internet.node(name);
    node.caa = one_in(5);
  }
  if (one_in(3)) names.push_back("deep.down.below." + apex);
  if (plain && one_in(6)) {
    note("zone-below-a-zone");
    const std::string child = "child." + apex;
    const IpAddress address = v4();
    const Behaviour behaviour = one_in(2) ? failing() : passing();
    note(fmt::format("server-{}", word(behaviour)));
    delegate(child, "ns." + child, {address}, {.behaviour = behaviour});
    apexes_.push_back(child);
    names.push_back(child);
    names.push_back("www." + child);
    internet.zone(child).nodes[name_of("www." + child)].caa = one_in(2);
  }
}

void Builder::make_broken_delegation(const std::string& apex, int number) {
  SimZone& zone = internet.zone(apex);
  const auto add = [&](const std::string& nameserver, std::vector<IpAddress> glue = {}) {
    zone.nameservers.push_back({name_of(nameserver), std::move(glue)});
  };
  switch (below(9)) {
    case 0:
      note("nameserver-does-not-exist");
      add(fmt::format("ns1.nowhere{}.com", number));
      add("ns9." + providers_[0].apex);
      break;
    case 1: {
      note("nameserver-loop");
      const std::string twin = fmt::format("twin{}.net", number);
      add("ns." + twin);
      internet.zone(twin).nameservers.push_back({name_of("ns." + apex), {}});
      names.push_back("www." + twin);
      break;
    }
    case 2: {
      note("special-use-only");
      constexpr std::array kForbidden = {"10.1.2.3",       "127.0.0.1",   "192.168.7.7",
                                         "::ffff:5.6.7.8", "64:ff9b::1",  "2002:506:708::1",
                                         "fd00::1",        "169.254.1.1", "fe80::1"};
      for (int i = 0; i < 2; ++i) {
        const IpAddress address = IpAddress::parse(kForbidden[below(kForbidden.size())]).value();
        add(fmt::format("ns{}.{}", i, apex), {address});
        internet.serve(address, zone.apex);  // it would even answer
      }
      break;
    }
    case 3:
      note("nxns-attack");
      for (int i = 0; i < 20; ++i) add(fmt::format("victim{}.{}", i, providers_[1].apex));
      break;
    case 4:
      note("nameserver-in-silent-zone");
      for (const std::string& nameserver : dead_.nameservers) add("x" + nameserver);
      break;
    case 5:
      note("nameserver-in-failing-zone");
      for (const std::string& nameserver : sick_.nameservers) add("x" + nameserver);
      break;
    case 6:
      note("lame-delegation");
      for (const std::string& nameserver : providers_[2].nameservers) add(nameserver);
      break;
    case 7:
      note("address-without-a-server");
      add("ns." + apex, {v4()});
      break;
    case 8:
      note("nameserver-under-a-failing-tld");
      add(one_in(2) ? "ns.host.sick" : "ns.host.dead");
      break;
  }
  names.push_back(apex);
  names.push_back("www." + apex);
  apexes_.push_back(apex);
}

void Builder::make_zone(int number) {
  const std::string apex = fmt::format("z{}.{}", number, kPlainTlds[below(kPlainTlds.size())]);
  const std::uint64_t kind = below(10);
  if (kind < 5) {
    make_own_servers(apex);
  } else if (kind < 8) {
    note("at-a-provider");
    const Provider& provider = providers_[below(providers_.size())];
    SimZone& zone = internet.zone(apex);
    for (const std::string& nameserver : provider.nameservers)
      zone.nameservers.push_back({name_of(nameserver), {}});
    for (const IpAddress& address : provider.addresses) internet.serve(address, zone.apex);
    if (one_in(3)) {
      note("one-nameserver-name-is-dead");
      zone.nameservers.push_back({name_of(fmt::format("ns.gone{}.net", number)), {}});
    }
    plain_apexes_.push_back(apex);
    fill(apex, true);
  } else {
    make_broken_delegation(apex, number);
  }
}

void Builder::make_aliases() {
  const auto some = [&](const std::vector<std::string>& of) { return of[below(of.size())]; };
  if (plain_apexes_.empty()) return;
  for (int i = 0; i < 6; ++i) {
    const std::string name = fmt::format("alias{}.{}", i, some(plain_apexes_));
    std::string target;
    switch (below(4)) {
      case 0:
        note("alias-to-nowhere");
        target = fmt::format("www.void{}.com", i);
        break;
      case 1:
        note("alias-to-no-tld");
        target = fmt::format("www.void{}.nosuchtld", i);
        break;
      default:
        note("alias-across-zones");
        target = (one_in(2) ? "h1." : "") + some(apexes_);
        break;
    }
    internet.node(name).alias = name_of(target);
    names.push_back(name);
  }
  note("alias-chain-of-12");
  for (int i = 0; i < 12; ++i) {
    const std::string from = fmt::format("chain{}.{}", i, plain_apexes_[i % plain_apexes_.size()]);
    const std::string to =
        i == 11 ? plain_apexes_[0]
                : fmt::format("chain{}.{}", i + 1, plain_apexes_[(i + 1) % plain_apexes_.size()]);
    internet.node(from).alias = name_of(to);
    if (i < 3) names.push_back(from);
  }
  if (one_in(2)) {
    note("alias-loop");
    const std::string one = "ring1." + some(plain_apexes_);
    const std::string two = "ring2." + some(plain_apexes_);
    internet.node(one).alias = name_of(two);
    internet.node(two).alias = name_of(one);
    names.push_back(one);
  }
}

// A zone with servers on its parent's addresses is never referred to.
void Builder::add_zone_on_the_same_servers(const DnsName& apex) {
  const SimZone parent = internet.zone(apex);
  SimZone& child = internet.zone("same." + apex.text());
  child.nameservers = parent.nameservers;
  for (const IpAddress& address : internet.servers_of(apex))
    internet.serve(address, child.apex, *internet.served(address, apex, Instant{}));
  if (sign_chance_.next() % 3 != 0) {
    note("signed-child-on-its-parents-servers");
    child.signing = SimSigning{.nsec3 = sign_chance_.next() % 2 == 0};
  } else {
    note("unsigned-child-on-its-parents-servers");
  }
  const std::string text = child.apex.text();
  internet.node("www." + text).caa = sign_chance_.next() % 2 == 0;
  names.push_back(text);
  names.push_back("www." + text);
}

void Builder::sign_zone(const DnsName& apex) {
  const auto one_of = [&](std::uint64_t n) { return sign_chance_.next() % n; };
  SimSigning how{.nsec3 = one_of(2) == 0};
  if (how.nsec3 && one_of(3) == 0) how.iterations = 5;
  bool plain = true;  // every server does all that it should
  bool folds = false, no_edns = false;
  const std::vector<IpAddress> servers = internet.servers_of(apex);
  for (const IpAddress& address : servers) {
    const Behaviour behaviour = internet.served(address, apex, Instant{})->behaviour;
    plain = plain && behaviour == Behaviour::kGood;
    folds = folds || behaviour == Behaviour::kFoldsCase;
    no_edns =
        no_edns || behaviour == Behaviour::kEdnsFormerr || behaviour == Behaviour::kEdnsNotimp;
  }
  // Where one folds case, all must say the same; with signatures and without is not the same, to
  // Unbound neither.
  if (folds && no_edns) return;
  bool has_child = false;
  for (const auto& [other, zone] : internet.zones())
    has_child = has_child || (other != apex && other.is_within(apex));
  const auto fault = [&](Behaviour behaviour, bool all) {
    note(fmt::format("{}-{}", word(behaviour), all ? "everywhere" : "at-one"));
    const std::size_t only = one_of(servers.size());
    for (std::size_t i = 0; i < servers.size(); ++i) {
      if (!all && i != only) continue;
      Served served = *internet.served(servers[i], apex, Instant{});
      served.behaviour = behaviour;
      internet.serve(servers[i], apex, served);
    }
  };
  constexpr std::array kFaults = {Behaviour::kExpiredSignatures, Behaviour::kStrippedSignatures,
                                  Behaviour::kUnsignedAnswers, Behaviour::kWrongDenial,
                                  Behaviour::kUpperCaseDenial};
  const std::uint64_t draw = one_of(10);
  if (draw == 0) {
    note("signed-without-ds");
    how.ds = false;
  } else if (draw == 1) {
    note("ds-mismatch");
    how.ds_right = false;
  } else if (draw <= 5 && plain) {
    const Behaviour behaviour = kFaults[one_of(kFaults.size())];
    const bool denies =
        behaviour == Behaviour::kWrongDenial || behaviour == Behaviour::kUpperCaseDenial;
    const bool all = servers.size() == 1 || one_of(2) == 0;
    // That its children have no DS is denied wrongly too: not all of them, and not always.
    if (!denies || !has_child) fault(behaviour, all);
  } else if (plain && one_of(4) == 0) {
    add_zone_on_the_same_servers(apex);
  }
  note(how.nsec3 ? "signed-nsec3" : "signed-nsec");
  internet.zone(apex).signing = how;
}

void Builder::sign_zones() {
  internet.zone(".").signing = SimSigning{};
  internet.zone("com").signing = SimSigning{.nsec3 = true, .opt_out = true};
  internet.zone("org").signing = SimSigning{};
  internet.zone("uk").signing = SimSigning{.nsec3 = true};
  internet.zone("co.uk").signing = SimSigning{.nsec3 = true};
  note("signed-root");
  std::vector<DnsName> apexes;
  for (const auto& [apex, zone] : internet.zones())
    if (apex.label_count() >= 2 && apex.text() != "co.uk") apexes.push_back(apex);
  for (const DnsName& apex : apexes)
    if (sign_chance_.next() % 3 == 0 && !internet.servers_of(apex).empty()) sign_zone(apex);
}

void Builder::build() {
  SimZone& root = internet.zone(".");
  for (const char* letter : {"a", "b", "c"}) {
    std::vector<IpAddress> addresses = {v4(), v6()};
    infrastructure.insert(addresses.begin(), addresses.end());
    for (const IpAddress& address : addresses) internet.serve(address, root.apex);
    root.nameservers.push_back({name_of(std::string(letter) + ".root-servers.net"), addresses});
  }
  for (const char* tld : {"com", "net", "org", "uk", "co.uk"}) make_tld(tld, Behaviour::kGood);
  make_tld("sick", Behaviour::kRefused);
  make_tld("dead", Behaviour::kSilent);
  names.push_back("www.under.sick");
  names.push_back("www.under.dead");
  note("failing-tld");
  note("silent-tld");
  make_providers();
  const int zones = static_cast<int>(20 + below(45));
  for (int number = 0; number < zones; ++number) make_zone(number);
  make_aliases();
  for (int i = 0; i < 3; ++i) {
    note("name-that-does-not-exist");
    const std::string none = fmt::format("none{}.{}", i, kPlainTlds[below(kPlainTlds.size())]);
    names.push_back(none);
    names.push_back("www." + none);
    names.push_back("mail." + none);
  }
  if (signs_) sign_zones();
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[below(i)]);
}

// Replies that all say SERVFAIL, each wrong in one thing, before and after the true one.
// `used` has the ids of each socket so far: a wrong id that happens to be another question's would
// be a lucky hit, one in 65,536, which counts as a garbled reply to that question.
void add_forgeries(const SeenQuery& query, SeededEntropy& chance,
                   std::set<std::pair<std::uint32_t, unsigned>>& used,
                   std::vector<Reply>& replies) {
  if (query.tcp) return;
  used.insert({query.socket, query.bytes[0] << 8U | query.bytes[1]});
  const bool silence = replies.empty();
  const std::vector<std::uint8_t> base = make_reply(query, wire::Rcode::kServFail);
  const auto put = [&](const engine::Endpoint& from, std::vector<std::uint8_t> bytes) {
    replies.push_back({milliseconds(1 + chance.next() % 60), from, false, std::move(bytes)});
  };
  std::vector<std::uint8_t> bytes = base;
  while (used.contains({query.socket, bytes[0] << 8U | bytes[1]})) {
    bytes[0] = static_cast<std::uint8_t>(chance.next());
    bytes[1] = static_cast<std::uint8_t>(chance.next());
  }
  put(query.to, bytes);
  engine::Endpoint from = query.to;
  from.port = static_cast<std::uint16_t>(1024 + chance.next() % 60000);
  put(from, base);
  from = query.to;
  from.address.octets[from.address.v6 ? 15 : 3] ^=
      static_cast<std::uint8_t>(1 + chance.next() % 255);
  put(from, base);
  // The others have the right id, address and port: nobody off the path can send them where there
  // is no true reply to copy from. The root has neither letters nor another name.
  if (silence || base[12] == 0) return;
  bytes = base;
  bytes[13] = bytes[13] == '0' ? '1' : '0';
  put(query.to, bytes);
  bytes = base;
  for (std::size_t i = 13; i < 13u + base[12]; ++i) {
    const bool letter = (bytes[i] | 0x20) >= 'a' && (bytes[i] | 0x20) <= 'z';
    if (!letter) continue;
    bytes[i] ^= 0x20;
    put(query.to, bytes);
    break;
  }
}

// The servers of a zone, for the line of a difference.
std::string describe_zone(const SimInternet& internet, const DnsName& apex) {
  const SimZone* zone = internet.find_zone(apex);
  std::string text;
  if (zone == nullptr) return text;
  for (const SimNameserver& nameserver : zone->nameservers) {
    text += " " + nameserver.name.text();
    for (const IpAddress& address : nameserver.glue) {
      const Served* how = internet.served(address, apex, Instant{});
      if (how == nullptr) continue;
      text += fmt::format("={}{}/{}ms", word(how->behaviour), how->caa_only ? "(caa)" : "",
                          how->delay.count() / 1000000);
    }
  }
  return text;
}

class Checker {
 public:
  Checker(const Builder& built, const Weather& weather, const engine::EngineOptions& options,
          SeedReport& report)
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
  const Builder& built_;
  const Weather& weather_;
  const engine::EngineOptions& options_;
  void check_security(const engine::Verdict& verdict, const Expected& expected);

  SeedReport& report_;
  Oracle oracle_;
  std::set<std::string> troubled_;  // registrable domains that must be asked for in every round
  std::size_t affected_ = 0;
};

// What DNSSEC says of the answer that ended a climb.
void Checker::check_security(const engine::Verdict& verdict, const Expected& expected) {
  const std::string& name = verdict.name.text();
  if (verdict.finding != nullptr) {
    const Finding& finding = *verdict.finding;
    const bool bogus = finding.cause == Cause::kBogus;
    if (expected.bogus != bogus && (expected.bogus || options_.trust_anchors.empty()))
      differ(fmt::format("{}: cause {} in place of bogus", name, word(finding.cause)));
    if (bogus != (finding.security == Security::kBogus) ||
        bogus != (finding.bogus != BogusKind::kNone)) {
      differ(fmt::format("{}: cause {}, security {}, {}", name, word(finding.cause),
                         word(finding.security), word(finding.bogus)));
    }
    return;
  }
  // Of several rounds the last one counts.
  const auto step = std::find_if(verdict.trace.rbegin(), verdict.trace.rend(), [&](const auto& s) {
    return s.type == RecordType::kCaa && s.name.text() == verdict.ended_at;
  });
  if (step == verdict.trace.rend()) {
    differ(fmt::format("{}: no answer at {}", name, verdict.ended_at));
  } else if (step->resolution.security != expected.security) {
    differ(fmt::format("{}: {} is {}, not {}", name, step->name.text(),
                       word(step->resolution.security), word(*expected.security)));
  }
}

void Checker::check_verdicts(SimWorld& net, const engine::Engine& engine) {
  Oracle& oracle = oracle_;
  std::map<std::string, int> ends;
  for (const engine::Verdict& verdict : net.verdicts()) {
    const std::string& name = verdict.name.text();
    ++ends[name];
    const Expected expected = oracle.judge(name);
    if (is_affected(expected.outcome) || expected.perhaps_bogus) ++affected_;
    const bool well = !is_affected(expected.outcome);
    const bool by_chance_bogus = expected.perhaps_bogus && verdict.outcome == Outcome::kServfail;
    bool right = verdict.outcome == expected.outcome || by_chance_bogus;
    if (right && weather_.loss == 0 && !expected.perhaps_bogus) check_security(verdict, expected);
    if (weather_.loss > 0) {
      // Loss may make any failure a silence; it never makes an error of what answers well, nor an
      // answer of a fault.
      const bool accused = verdict.outcome == Outcome::kServfail;
      right = right || !well || !accused;
      if (well && accused && expected.near_error && weather_.loss > 0.1) right = true;  // by chance
      const bool by_chance = expected.near_error && weather_.loss > 0.1;
      if (expected.outcome == Outcome::kTimeout && accused && !by_chance) right = false;
      if (!well && !is_affected(verdict.outcome) && verdict.outcome != Outcome::kNotReached)
        right = expected.by_case;
    }
    if (!right) {
      const std::string why =
          verdict.finding == nullptr
              ? ""
              : fmt::format(", {} at {} of zone {}:{}", word(verdict.finding->cause),
                            verdict.finding->failing_label, verdict.finding->zone,
                            describe_zone(built_.internet, name_of(verdict.finding->zone)));
      differ(fmt::format("{}: expected {}, was {}{}", name, word(expected.outcome),
                         word(verdict.outcome), why));
    }
    const bool judged_affected = is_affected(verdict.outcome);
    if ((verdict.finding != nullptr) != judged_affected)
      differ(fmt::format("{}: {} finding", name, judged_affected ? "no" : "a needless"));
    for (const engine::TraceStep& step : verdict.trace) {
      // UDP sends of one lookup; TCP adds at most one for each.
      if (step.resolution.attempts.size() > 200)
        differ(fmt::format("{}: {} attempts in a lookup", name, step.resolution.attempts.size()));
    }
  }
  for (const std::string& name : built_.names) {
    if (ends[name] != 1) differ(fmt::format("{} ended {} times", name, ends[name]));
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : engine.counts().names_by_outcome) sum += part;
  if (sum != built_.names.size() || engine.counts().names_total != sum)
    differ(fmt::format("{} names in, {} counted", built_.names.size(), sum));
  const std::uint64_t sent = engine.counts().queries_udp + engine.counts().queries_tcp;
  if (sent != net.seen().size())
    differ(fmt::format("{} sends counted, {} seen", sent, net.seen().size()));
  if (engine.attempts_live() != 0) differ(fmt::format("{} attempts left", engine.attempts_live()));
  if (engine.resolutions_under_way() != 0)
    differ(fmt::format("{} resolutions left", engine.resolutions_under_way()));
  // Whose delegations may have been fetched again.
  for (const std::string& name : built_.names) {
    const Expected expected = oracle.judge(name);
    if (is_affected(expected.outcome) || expected.perhaps_bogus)
      troubled_.insert(registrable_domain(name));
  }
  for (const auto& [apex, zone] : built_.internet.zones()) {
    const bool fails = !apex.is_root() && (oracle.fate(zone, RecordType::kCaa) != Fate::kAnswered ||
                                           oracle.fate(zone, RecordType::kA) != Fate::kAnswered);
    if (fails) troubled_.insert(registrable_domain(apex.text()));
    for (const SimNameserver& nameserver : zone.nameservers) {
      if (nameserver.glue.empty()) troubled_.insert(registrable_domain(nameserver.name.text()));
    }
    for (const auto& [owner, node] : zone.nodes) {
      if (node.alias) troubled_.insert(registrable_domain(node.alias->text()));
    }
  }
}

void Checker::check_limits(const SimWorld& net) {
  struct Window {
    double limit = 0;
    std::deque<Instant> sends;
    bool told = false;
  };
  std::map<std::string, Window> windows;
  const auto count = [&](const std::string& key, double limit, Instant at) {
    Window& window = windows[key];
    window.limit = limit;
    while (!window.sends.empty() && at - window.sends.front() >= seconds(1))
      window.sends.pop_front();
    window.sends.push_back(at);
    if (static_cast<double>(window.sends.size()) <= limit || window.told) return;
    window.told = true;
    differ(fmt::format("{}: {} sends in a second, limit {}", key, window.sends.size(), limit));
  };
  const engine::ServerDirectoryOptions& limits = options_.servers;
  std::map<IpAddress, std::vector<DnsName>> names;
  for (const auto& [apex, zone] : built_.internet.zones()) {
    for (const SimNameserver& nameserver : zone.nameservers) {
      for (const IpAddress& address : nameserver.glue) names[address].push_back(nameserver.name);
    }
    for (const auto& [owner, node] : zone.nodes) {
      for (const IpAddress& address : node.addresses) names[address].push_back(owner);
    }
  }
  for (const SeenQuery& query : net.seen()) {
    const IpAddress& to = query.to.address;
    const bool forbidden = std::ranges::any_of(
        special_use(), [&](const engine::AddressRange& range) { return range.contains(to); });
    if (forbidden) differ(fmt::format("a packet to {}", to.text()));
    const double own =
        built_.infrastructure.contains(to) ? limits.infrastructure_qps : limits.server_qps;
    count(to.text(), own, query.at);
    if (limits.global_qps > 0) count("everything", limits.global_qps, query.at);
    bool in_range = false;
    for (const engine::RangeLimit& limit : limits.range_limits) {
      if (!limit.range.contains(to)) continue;
      in_range = true;
      count("the range of " + limit.range.base.text(), limit.qps, query.at);
    }
    for (const engine::SuffixLimit& limit : limits.suffix_limits) {
      const bool member = std::ranges::any_of(
          names[to], [&](const DnsName& name) { return name.is_within(limit.suffix); });
      if (member && !in_range) count("the suffix " + limit.suffix.text(), limit.qps, query.at);
    }
  }
}

// Each question that a parent of registrable domains has seen.
void Checker::check_parents(const SimWorld& net, std::uint64_t cleared) {
  std::map<IpAddress, std::string> parent_of;
  for (const auto& [apex, zone] : built_.internet.zones()) {
    if (apex.label_count() > 1 && apex.text() != "co.uk") continue;
    for (const SimNameserver& nameserver : zone.nameservers) {
      for (const IpAddress& address : nameserver.glue) parent_of[address] = apex.text();
    }
  }
  std::map<std::pair<std::string, std::string>, std::size_t> asked;
  std::map<IpAddress, std::size_t> versions;  // of the software, once for each address and run
  for (const SeenQuery& query : net.seen()) {
    if (query.name == "version.bind") {
      if (++versions[query.to.address] > 1)
        differ("more than once asked for its version: " + query.to.text());
      continue;
    }
    const auto parent = parent_of.find(query.to.address);
    if (parent == parent_of.end() || query.name == parent->second) continue;
    if (parent->second == "sick" || parent->second == "dead") continue;
    const std::string child = parent->second == "." ? query.name.substr(query.name.rfind('.') + 1)
                                                    : registrable_domain(query.name);
    if (child != parent->second && !parent->second.ends_with(child))
      ++asked[{parent->second, child}];
  }
  for (const auto& [key, times] : asked) {
    const auto& [parent, child] = key;
    // A confirmation round fetches the delegation again, for those whom it clears too.
    const bool again = parent != "." && (troubled_.contains(child) || cleared > 0);
    const std::size_t most = again ? 1 + options_.confirm_rounds * (affected_ + cleared) : 1;
    if (times > most)
      differ(fmt::format("{} was asked {} times for {}, at most {}", parent, times, child, most));
  }
}

}  // namespace

SeedReport run_seed(std::uint64_t seed) {
  SeedReport report;
  report.seed = seed;
  SeededEntropy chance(seed);
  // A quarter of the seeds has a signed root, in every weather.
  const bool is_signed = seed / kWeathers.size() % 4 == 1;
  Builder built(chance, report.fault_classes, is_signed, seed);
  built.build();
  report.names = built.names.size();
  const Weather& weather = kWeathers[seed % kWeathers.size()];
  ++report.fault_classes[fmt::format("weather-{}", weather.word)];

  engine::EngineOptions options;
  options.root = built.internet.root();
  options.trust_anchors = built.internet.trust_anchors();
  options.epoch_unix_ms = is_signed ? SimInternet::kEpoch_unix_s * 1000 : 0;
  options.sockets_v4 = options.sockets_v6 = 4;
  options.confirm_rounds = static_cast<std::uint32_t>(weather.confirm_rounds);
  options.confirm_after = seconds(5);
  options.trace = true;
  options.infer = seed % 2 == 0;
  options.window_max = chance.next() % 2 ? 1000 : 1 + chance.next() % 50;
  if (chance.next() % 4 == 0) options.names_held_max = 1 + chance.next() % 50;
  constexpr std::array<double, 4> kRates = {10, 50, 100, 350};
  options.servers.server_qps = kRates[chance.next() % kRates.size()];
  options.servers.infrastructure_qps = kRates[1 + chance.next() % 3];
  options.servers.forbidden = special_use();
  if (chance.next() % 3 == 0) {
    options.servers.global_qps = 200;
    ++report.fault_classes["limit-global"];
  }
  if (chance.next() % 3 == 0) {
    options.servers.range_limits = {{engine::AddressRange::parse("6.0.0.0/16").value(), 30}};
    ++report.fault_classes["limit-range"];
  } else if (chance.next() % 2 == 0) {
    for (const auto& [apex, zone] : built.internet.zones()) {
      if (apex.text().starts_with("provider0.")) options.servers.suffix_limits = {{apex, 20}};
    }
    ++report.fault_classes["limit-suffix"];
  }
  // A cache that forgets the links of a chain before it is whole may find a ring where none is, and
  // asks a parent for DS again and again: kept out of the oracle's way.
  const bool tiny_cache = chance.next() % 10 == 0 && !is_signed;
  if (tiny_cache) {
    options.cache_bytes_max = chance.next() % 20000;
    ++report.fault_classes["tiny-cache"];
  }

  // Lines are full with four names then.
  PutAwayInMemory outside;
  if (chance.next() % 2 == 0) {
    options.put_away = &outside;
    options.names_held_max = 1 + chance.next() % 300;
  }

  SeededEntropy forger(seed ^ 0x5EED);
  std::set<std::pair<std::uint32_t, unsigned>> used_ids;
  SimWorld net(seed,
               [&](const SeenQuery& query) {
                 std::vector<Reply> replies = built.internet.answer(query);
                 if (weather.forged) add_forgeries(query, forger, used_ids, replies);
                 return replies;
               },
               {weather.loss, weather.duplicate, milliseconds(weather.jitter_max_ms)});
  engine::Engine engine(options, net.entropy());
  std::vector<DomainName> names;
  for (const std::string& name : built.names) names.push_back(DomainName::from_canonical(name));
  Checker checker(built, weather, options, report);
  if (!net.run(engine, std::move(names))) checker.differ("the run did not end");
  if (!net.settle(engine)) checker.differ("something went on for ever");
  report.questions = net.seen().size();
  if (outside.most() > 0) ++report.fault_classes["names-put-away"];
  checker.check_verdicts(net, engine);
  checker.check_limits(net);
  if (weather.loss == 0 && !tiny_cache) checker.check_parents(net, engine.counts().names_cleared);
  return report;
}

}  // namespace caascan::sim
