#include "output/operator_feed.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "output/derived.h"
#include "output/evidence.h"
#include "output/list_name.h"
#include "output/message.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

namespace json = boost::json;

// The names of one provider that have one reason.
struct Group {
  std::uint64_t servfail = 0, timeout = 0;
  std::set<std::string_view> zones;
  const AffectedName* example = nullptr;  // bytewise the first
};

// Every reason is of the one built-in table. Never iterated in this order: see `reasons_json`.
using Groups = std::map<const Reason*, Group>;

std::expected<json::object, std::string> example_json(const AffectedNames& affected,
                                                      const AffectedName& name) {
  const auto finding = affected.read_finding(name);
  if (!finding) return std::unexpected(finding.error());
  return json::object{{"name", name.name},
                      {"failing_label", printable_ascii(name.failing_label)},
                      {"cause", word(name.cause)},
                      {"nameserver", decisive_nameserver(*finding)},
                      {"answer", fault_text(*finding)},
                      {"message", ca_message(name.name, ca_problem(*finding))},
                      {"dig", dig_line(*finding)}};
}

std::expected<json::array, std::string> reasons_json(const AffectedNames& affected,
                                                     const Groups& groups) {
  std::vector<const Groups::value_type*> order;
  for (const auto& entry : groups) order.push_back(&entry);
  std::ranges::sort(order, [](const auto* a, const auto* b) {
    const std::uint64_t names_a = a->second.servfail + a->second.timeout;
    const std::uint64_t names_b = b->second.servfail + b->second.timeout;
    return std::tie(names_b, a->first->id) < std::tie(names_a, b->first->id);
  });
  json::array out;
  for (const auto* entry : order) {
    const auto& [reason, group] = *entry;
    json::object line = reason_json(*reason);
    line["servfail"] = group.servfail;
    line["timeout"] = group.timeout;
    line["zones"] = json::array(group.zones.begin(), group.zones.end());
    auto example = example_json(affected, *group.example);
    if (!example) return std::unexpected(example.error());
    line["example"] = std::move(*example);
    out.push_back(std::move(line));
  }
  return out;
}

json::object provider_json(const ProviderRow& row, const ProviderServers& servers,
                           json::array reasons) {
  json::object out;
  out["provider"] = row.provider;
  out["servfail"] = row.servfail;
  out["timeout"] = row.timeout;
  out["zones"] = row.zones;
  out["nameservers"] = json::array(servers.nameservers.begin(), servers.nameservers.end());
  out["contacts"] = json::array(servers.contacts.begin(), servers.contacts.end());
  json::array versions;
  for (const auto& [text, addresses] : servers.versions) {
    versions.push_back(json::object{{"text", text}, {"servers", addresses.size()}});
  }
  out["versions"] = std::move(versions);
  out["reasons"] = std::move(reasons);
  return out;
}

}  // namespace

std::expected<void, std::string> for_each_operator_line(const AffectedNames& affected,
                                                        std::span<const ProviderRow> ranking,
                                                        const LineSink& line) {
  std::map<std::string_view, Groups> groups;
  for (const AffectedName& name : affected.names()) {
    Group& group = groups[name.provider][name.reason];
    ++(name.outcome == Outcome::kTimeout ? group.timeout : group.servfail);
    if (is_list_name(name.zone)) group.zones.insert(name.zone);
    if (group.example == nullptr) group.example = &name;
  }
  for (const ProviderRow& row : ranking) {
    const auto servers = affected.servers().find(row.provider);
    const ProviderServers none;
    auto reasons = reasons_json(affected, groups[row.provider]);
    if (!reasons) return std::unexpected(reasons.error());
    const std::string text = json_line(provider_json(
        row, servers == affected.servers().end() ? none : servers->second, std::move(*reasons)));
    if (auto taken = line(text); !taken) return taken;
  }
  return {};
}

}  // namespace caascan
