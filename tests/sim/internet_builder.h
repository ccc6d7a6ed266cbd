// Builds an Internet with faults by chance: TLDs, providers, zones, aliases, signatures.
#pragma once

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_internet.h"

namespace caascan::sim {

class InternetBuilder {
 public:
  // With `signs` a part of the zones is signed, up to the root. Its dice are others, so that all
  // else is as without.
  InternetBuilder(SeededEntropy& chance, std::map<std::string, std::uint64_t>& classes, bool signs,
                  std::uint64_t seed)
      : chance_(chance), classes_(classes), signs_(signs), sign_chance_(seed ^ 0x516E) {}
  void build();

  SimInternet internet;
  std::vector<std::string> names;
  std::set<engine::IpAddress> infrastructure;  // root and TLD servers

 private:
  struct Provider {
    std::string apex;
    std::vector<std::string> nameservers;
    std::vector<engine::IpAddress> addresses;
  };
  std::uint64_t below(std::uint64_t bound) { return chance_.next() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  void note(std::string_view what) { ++classes_[std::string(what)]; }
  engine::IpAddress v4(int first = 5) {
    const unsigned n = ++addresses_;
    return engine::IpAddress::parse(
               fmt::format("{}.{}.{}.{}", first, n / 65536, n / 256 % 256, n % 256))
        .value();
  }
  engine::IpAddress v6() {
    return engine::IpAddress::parse(fmt::format("2a01::{:x}", ++addresses_)).value();
  }
  void delegate(const std::string& apex, const std::string& nameserver,
                std::vector<engine::IpAddress> addresses, Served how = {});
  void make_tld(const std::string& apex, Behaviour behaviour);
  void make_providers();
  void make_zone(int number);
  void make_own_servers(const std::string& apex);
  void make_broken_delegation(const std::string& apex, int number);
  void fill(const std::string& apex, bool plain);
  void make_aliases();
  void sign_zones();
  void sign_zone(const wire::DnsName& apex);
  void add_zone_on_the_same_servers(const wire::DnsName& apex);
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

}  // namespace caascan::sim
