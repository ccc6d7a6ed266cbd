#include "output/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "output/list_name.h"

namespace caascan {
namespace {

void sort_unique(List& list) {
  std::ranges::sort(list);
  const auto repeated = std::ranges::unique(list);
  list.erase(repeated.begin(), repeated.end());
}

}  // namespace

Lists build_lists(const AffectedNames& affected) {
  Lists out;
  for (const AffectedName& name : affected.names()) {
    const bool namebright = name.provider == kNamebright;
    if (name.outcome == Outcome::kTimeout) {
      (namebright ? out.timeout_namebright : out.timeout_other).push_back(name.name);
      continue;
    }
    (namebright ? out.servfail_namebright : out.servfail_other).push_back(name.name);
    // A zone's name comes from DNS and may hold anything; the root is no line of a list either.
    if (is_list_name(name.zone)) {
      (namebright ? out.zones_namebright : out.zones_other).push_back(name.zone);
    }
    out.exceptions.push_back(name.name);
    if (is_list_name(name.failing_label)) out.exceptions.push_back(name.failing_label);
  }
  for (const ListFile& file : kListFiles) sort_unique(out.*file.list);
  List other;
  std::ranges::set_difference(out.zones_other, out.zones_namebright, std::back_inserter(other));
  out.zones_other = std::move(other);
  return out;
}

std::string list_text(const List& list) {
  std::string out;
  for (const std::string_view line : list) {
    out += line;
    out += '\n';
  }
  return out;
}

std::vector<ProviderRow> rank_providers(const AffectedNames& affected) {
  std::map<std::string_view, ProviderRow> rows;
  std::map<std::string_view, std::set<std::string_view>> zones;
  std::uint64_t servfail_total = 0;
  for (const AffectedName& name : affected.names()) {
    ProviderRow& row = rows[name.provider];
    row.provider = name.provider;
    const bool servfail = name.outcome == Outcome::kServfail;
    ++(servfail ? row.servfail : row.timeout);
    if (servfail) ++servfail_total;
    if (!name.zone.empty()) zones[name.provider].insert(name.zone);
  }
  std::vector<ProviderRow> out;
  for (auto& [provider, row] : rows) {
    if (servfail_total > 0) {
      row.share = static_cast<double>(row.servfail) / static_cast<double>(servfail_total);
    }
    row.zones = zones[provider].size();
    if (const auto found = affected.servers().find(provider); found != affected.servers().end()) {
      const auto& nameservers = found->second.nameservers;
      row.nameservers.assign(nameservers.begin(), nameservers.end());
    }
    out.push_back(std::move(row));
  }
  std::ranges::sort(out, [](const ProviderRow& a, const ProviderRow& b) {
    return std::tuple(b.servfail, b.timeout, a.provider) <
           std::tuple(a.servfail, a.timeout, b.provider);
  });
  return out;
}

std::string providers_text(const std::vector<ProviderRow>& rows) {
  std::string out = "provider\tservfail\tshare\ttimeout\tzones\tnameservers\n";
  for (const ProviderRow& row : rows) {
    const std::size_t shown = std::min(row.nameservers.size(), kNameserversShownMax);
    fmt::format_to(std::back_inserter(out), "{}\t{}\t{:.4f}\t{}\t{}\t{}", row.provider,
                   row.servfail, row.share, row.timeout, row.zones,
                   fmt::join(row.nameservers.begin(),
                             row.nameservers.begin() + static_cast<std::ptrdiff_t>(shown), ","));
    if (row.nameservers.size() > shown) {
      fmt::format_to(std::back_inserter(out), ",+{}", row.nameservers.size() - shown);
    }
    out += '\n';
  }
  return out;
}

}  // namespace caascan
