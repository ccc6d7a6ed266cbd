#include "tests/sim/zone_plan.h"

#include <algorithm>
#include <utility>

namespace caascan::sim::zones {

std::string parent_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? "." : name.substr(dot + 1);
}
bool is_within(const std::string& name, const std::string& ancestor) {
  return ancestor == "." || name == ancestor ||
         (name.size() > ancestor.size() && name.ends_with(ancestor) &&
          name[name.size() - ancestor.size() - 1] == '.');
}
bool is_strictly_within(const std::string& name, const std::string& ancestor) {
  return name != ancestor && is_within(name, ancestor);
}
std::string below(const std::string& label, const std::string& name) {
  return name == "." ? label : label + "." + name;
}
bool is_wildcard(const std::string& name) {
  return name.starts_with("*.") || name == "*";
}
std::string next_closer(const std::string& name, const std::string& encloser) {
  std::string at = name;
  while (parent_of(at) != encloser) at = parent_of(at);
  return at;
}
Place place_of(const std::string& name) {
  Place place;
  for (std::string at = name; at != "."; at = parent_of(at))
    place.push_back(at.substr(0, at.find('.')));
  std::ranges::reverse(place);
  return place;
}

wire::DnsName dns_name(const std::string& text) {
  return wire::DnsName::from_text(text).value();
}

bool Plan::has(const std::string& name, RecordType type) const {
  const auto node = nodes.find(name);
  return node != nodes.end() && node->second.contains(type);
}

bool Plan::is_cut(const std::string& name) const {
  return name != apex && has(name, RecordType::kNs);
}

bool Plan::is_below_cut(const std::string& name) const {
  for (std::string at = name; at != apex; at = parent_of(at))
    if (at != name && is_cut(at)) return true;
  return false;
}

bool Plan::exists(const std::string& name) const {
  return std::ranges::any_of(nodes, [&](const auto& n) { return is_within(n.first, name); });
}

std::string Plan::encloser(const std::string& name) const {
  std::string at = parent_of(name);
  while (!exists(at)) at = parent_of(at);
  return at;
}

void Plan::link() {
  std::set<std::string> names;
  for (const auto& [name, types] : nodes) {
    if (is_below_cut(name)) continue;
    if (!nsec3()) {
      names.insert(name);
      continue;
    }
    const bool out = kind == ZoneKind::kOptOut && is_cut(name) && !types.contains(RecordType::kDs);
    for (std::string at = out ? parent_of(name) : name; names.insert(at).second; at = parent_of(at))
      if (at == apex) break;
  }
  if (nsec3()) {
    std::map<Rdata, std::string> sorted;
    for (const std::string& name : names)
      sorted.emplace(test::nsec3_hash_of(name, parameters), name);
    for (const auto& [hash, name] : sorted) {
      hashes.push_back(hash);
      chain.push_back(name);
    }
  } else {
    std::map<Place, std::string> sorted;
    for (const std::string& name : names) sorted.emplace(place_of(name), name);
    for (const auto& [place, name] : sorted) {
      places.push_back(place);
      chain.push_back(name);
    }
  }
}

std::optional<std::size_t> Plan::link_of(const std::string& name) const {
  const auto at = std::ranges::find(chain, name);
  if (at == chain.end()) return std::nullopt;
  return static_cast<std::size_t>(at - chain.begin());
}

std::size_t Plan::link_before(const std::string& name) const {
  const auto before = [&](const auto& keys, const auto& key) {
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(keys, key) - keys.begin());
    return at == 0 ? chain.size() - 1 : at - 1;
  };
  return nsec3() ? before(hashes, test::nsec3_hash_of(name, parameters))
                 : before(places, place_of(name));
}

}  // namespace caascan::sim::zones
