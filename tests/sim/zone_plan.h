// What is in a random zone, and in which order its NSEC(3) records stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scanner/wire/dns_name.h"
#include "tests/support/zone_signer.h"

namespace caascan::sim::zones {

using test::Rdata;
using wire::RecordType;

constexpr std::uint16_t kIterationsMax = 150;

[[nodiscard]] std::string parent_of(const std::string& name);
[[nodiscard]] bool is_within(const std::string& name, const std::string& ancestor);
[[nodiscard]] bool is_strictly_within(const std::string& name, const std::string& ancestor);
[[nodiscard]] std::string below(const std::string& label, const std::string& name);
[[nodiscard]] bool is_wildcard(const std::string& name);
// The name one label longer than `encloser` on the way to `name`.
[[nodiscard]] std::string next_closer(const std::string& name, const std::string& encloser);
using Place = std::vector<std::string>;  // labels from the right: the canonical order
[[nodiscard]] Place place_of(const std::string& name);
[[nodiscard]] wire::DnsName dns_name(const std::string& text);

enum class ZoneKind : std::uint8_t { kNsec, kNsec3, kOptOut };

// What is in a zone.
struct Plan {
  std::string apex;
  ZoneKind kind = ZoneKind::kNsec;
  test::Nsec3Parameters parameters{};
  std::map<std::string, std::set<RecordType>> nodes;
  // NSEC: the owners in canonical order. NSEC3: the names in the order of their hashes.
  std::vector<std::string> chain;
  std::vector<Place> places;  // NSEC
  std::vector<Rdata> hashes;  // NSEC3

  [[nodiscard]] bool nsec3() const { return kind != ZoneKind::kNsec; }
  [[nodiscard]] bool costly() const { return nsec3() && parameters.iterations > kIterationsMax; }
  [[nodiscard]] bool has(const std::string& name, RecordType type) const;
  [[nodiscard]] bool is_cut(const std::string& name) const;
  [[nodiscard]] bool is_below_cut(const std::string& name) const;
  [[nodiscard]] bool exists(const std::string& name) const;
  [[nodiscard]] std::string encloser(const std::string& name) const;
  void link();
  [[nodiscard]] std::optional<std::size_t> link_of(const std::string& name) const;
  // The last record before the name: the only one that can cover it.
  [[nodiscard]] std::size_t link_before(const std::string& name) const;
};
using Links = std::set<std::size_t>;  // places in a chain

}  // namespace caascan::sim::zones
