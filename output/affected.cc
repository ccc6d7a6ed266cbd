#include "output/affected.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "output/derived.h"
#include "output/list_name.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/json_text.h"

namespace caascan {

AffectedNames::AffectedNames(FindingSpill lines)
    : lines_(std::make_unique<FindingSpill>(std::move(lines))) {}

std::expected<void, std::string> AffectedNames::add(const Finding& finding, std::string_view line,
                                                    const ProviderTable& providers) {
  const auto provider = servers_.try_emplace(providers.provider_of(finding.nameservers)).first;
  const auto spilled = lines_->append(published_finding_json(finding, line, provider->first));
  if (!spilled) return std::unexpected(spilled.error());
  ProviderServers& servers = provider->second;
  for (const std::string& nameserver : finding.nameservers) {
    if (is_list_name(nameserver)) servers.nameservers.insert(nameserver);
  }
  if (!finding.soa_contact.empty()) servers.contacts.insert(printable_ascii(finding.soa_contact));
  for (const ServerVersion& version : finding.versions) {
    if (version.text.empty()) continue;
    servers.versions[printable_ascii(version.text)].insert(version.server_address);
  }
  AffectedName& out = names_.emplace_back();
  out.name = texts_.keep(finding.name.text());
  out.outcome = finding.outcome;
  out.cause = finding.cause;
  out.failing_label = texts_.keep(finding.failing_label);
  out.zone = texts_.keep(finding.zone);
  out.provider = provider->first;
  out.reason = &builtin_reasons().reason_of(finding);
  for (const IssuanceClass issuance : issuance_classes(finding))
    out.classes.set(static_cast<std::size_t>(issuance));
  out.security = finding.security;
  out.bogus = finding.bogus;
  out.carried = !finding.carried_from.empty();
  out.line = *spilled;
  return {};
}

std::expected<void, std::string> AffectedNames::seal() {
  std::ranges::sort(names_, {}, &AffectedName::name);
  const auto twice = std::ranges::adjacent_find(names_, {}, &AffectedName::name);
  if (twice != names_.end()) {
    return std::unexpected(fmt::format("{} has more than one finding", twice->name));
  }
  by_name_ = ByName(names_.size(), NameHash{names_.data()}, NameEqual{names_.data()});
  for (std::uint32_t i = 0; i < names_.size(); ++i) by_name_.insert(i);
  return {};
}

std::optional<std::size_t> AffectedNames::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return *found;
}

std::expected<void, std::string> AffectedNames::read_line(const AffectedName& name,
                                                          std::string& line) const {
  return lines_->read(name.line, line);
}

std::expected<Finding, std::string> AffectedNames::read_finding(const AffectedName& name) const {
  std::string line;
  if (auto read = read_line(name, line); !read) return std::unexpected(read.error());
  return finding_from_json(line);
}

std::string published_finding_json(const Finding& finding, std::string_view line,
                                   std::string_view provider) {
  std::string out(line.substr(0, line.size() - 1));  // without the closing brace
  out += ",\"provider\":";
  append_json_string(provider, out);
  out += ',';
  out += std::string_view(json_line(derived_json(finding))).substr(1);  // without the opening one
  return out;
}

namespace {

std::expected<void, std::string> add_all(const std::filesystem::path& findings,
                                         const ProviderTable& providers, AffectedNames& out) {
  return for_each_finding(
      findings,
      [&](const Finding& finding, std::string_view line) -> std::expected<void, std::string> {
        if (!is_list_name(finding.name.text()) || !is_affected(finding.outcome)) {
          return std::unexpected(fmt::format("{}: the finding on {} is not one on an affected name",
                                             findings.string(),
                                             printable_ascii(finding.name.text())));
        }
        return out.add(finding, line, providers);
      });
}

}  // namespace

std::expected<AffectedNames, std::string> read_affected(const std::filesystem::path& findings,
                                                        const std::filesystem::path& carried,
                                                        const ProviderTable& providers,
                                                        FindingSpill lines) {
  AffectedNames out(std::move(lines));
  if (auto added = add_all(findings, providers, out); !added) return std::unexpected(added.error());
  if (!carried.empty()) {
    if (auto added = add_all(carried, providers, out); !added)
      return std::unexpected(added.error());
  }
  if (auto sealed = out.seal(); !sealed) {
    return std::unexpected(fmt::format("{}: {}", findings.string(), sealed.error()));
  }
  return out;
}

}  // namespace caascan
