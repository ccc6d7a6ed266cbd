#include "tests/sim/internet_builder.h"

#include <algorithm>
#include <array>

#include "ingest/assert.h"

namespace caascan::sim {
namespace {

using engine::Duration;
using engine::Instant;
using engine::IpAddress;
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::DnsName;
using wire::RecordType;

const std::array<std::string, 4> kPlainTlds = {"com", "net", "org", "co.uk"};

}  // namespace

// A nameserver inside the zone, with glue.
void InternetBuilder::delegate(const std::string& apex, const std::string& nameserver,
                               std::vector<IpAddress> addresses, Served how) {
  SimZone& zone = internet.zone(apex);
  for (const IpAddress& address : addresses) internet.serve(address, zone.apex, how);
  if (!zone.apex.is_root()) internet.zone(apex).nodes[name_of(nameserver)].addresses = addresses;
  zone.nameservers.push_back({name_of(nameserver), std::move(addresses)});
}

void InternetBuilder::make_tld(const std::string& apex, Behaviour behaviour) {
  for (const char* letter : {"a", "b"}) {
    std::vector<IpAddress> addresses = {v4()};
    if (one_in(2)) addresses.push_back(v6());
    infrastructure.insert(addresses.begin(), addresses.end());
    delegate(apex, fmt::format("{}.nic.{}", letter, apex), addresses, {.behaviour = behaviour});
  }
}

void InternetBuilder::make_providers() {
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

Behaviour InternetBuilder::failing() {
  constexpr std::array kinds = {
      Behaviour::kServfail,       Behaviour::kRefused,           Behaviour::kNotimp,
      Behaviour::kFormerr,        Behaviour::kNotauth,           Behaviour::kSilent,
      Behaviour::kSilent,         Behaviour::kEdnsDropped,       Behaviour::kLameUpward,
      Behaviour::kWrongQuestion,  Behaviour::kNotReply,          Behaviour::kMalformed,
      Behaviour::kTruncatedNoTcp, Behaviour::kTruncatedTcpSilent};
  return kinds[below(kinds.size())];
}

Behaviour InternetBuilder::passing() {
  constexpr std::array kinds = {Behaviour::kGood,       Behaviour::kGood,
                                Behaviour::kGood,       Behaviour::kEdnsFormerr,
                                Behaviour::kEdnsNotimp, Behaviour::kTruncated,
                                Behaviour::kFoldsCase,  Behaviour::kRecursionLame};
  return kinds[below(kinds.size())];
}

void InternetBuilder::make_own_servers(const std::string& apex) {
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

void InternetBuilder::fill(const std::string& apex, bool plain) {
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

void InternetBuilder::make_broken_delegation(const std::string& apex, int number) {
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

void InternetBuilder::make_zone(int number) {
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

void InternetBuilder::make_aliases() {
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
void InternetBuilder::add_zone_on_the_same_servers(const DnsName& apex) {
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

void InternetBuilder::sign_zone(const DnsName& apex) {
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

void InternetBuilder::sign_zones() {
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

void InternetBuilder::build() {
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

}  // namespace caascan::sim
