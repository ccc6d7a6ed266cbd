#include "output/affected.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "output/derived.h"
#include "output/evidence.h"
#include "output/list_name.h"
#include "output/message.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/json_text.h"

namespace caascan {

void AffectedNames::add(const Finding& finding, const ProviderTable& providers,
                        const SpilledLine& line) {
  const auto provider = servers_.try_emplace(providers.provider_of(finding.nameservers)).first;
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
  out.name = finding.name.text();
  out.outcome = finding.outcome;
  out.cause = finding.cause;
  out.failing_label = finding.failing_label;
  out.zone = finding.zone;
  out.provider = provider->first;
  out.problem = ca_problem(finding);
  if (const Attempt* attempt = decisive_attempt(finding); attempt != nullptr) {
    out.nameserver = nameserver_text(*attempt);
  }
  out.answer = fault_text(finding);
  out.dig = dig_line(finding);
  out.reason = &builtin_reasons().reason_of(finding);
  out.classes = issuance_classes(finding);
  out.security = finding.security;
  out.bogus = finding.bogus;
  out.line = line;
}

std::expected<void, std::string> AffectedNames::seal() {
  std::ranges::sort(names_, {}, &AffectedName::name);
  const auto twice = std::ranges::adjacent_find(names_, {}, &AffectedName::name);
  if (twice != names_.end()) {
    return std::unexpected(fmt::format("{} has more than one finding", twice->name));
  }
  by_name_.reserve(names_.size());
  for (std::size_t i = 0; i < names_.size(); ++i) by_name_.emplace(names_[i].name, i);
  return {};
}

std::optional<std::size_t> AffectedNames::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

std::string published_finding_json(const Finding& finding, std::string_view provider) {
  std::string out = finding_to_json(finding);
  out.pop_back();  // the closing brace
  out += ",\"provider\":";
  append_json_string(provider, out);
  out += ',';
  out += std::string_view(json_line(derived_json(finding))).substr(1);  // without the opening one
  return out;
}

std::expected<AffectedNames, std::string> read_affected(const std::filesystem::path& findings,
                                                        const ProviderTable& providers,
                                                        FindingSpill& spill) {
  auto reader = FindingReader::open(findings);
  if (!reader) return std::unexpected(reader.error());
  AffectedNames out;
  Finding finding;
  while (true) {
    const auto more = reader->next(finding);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (!is_list_name(finding.name.text()) || !is_affected(finding.outcome)) {
      return std::unexpected(fmt::format("{}: the finding on {} is not one on an affected name",
                                         findings.string(), printable_ascii(finding.name.text())));
    }
    const auto line =
        spill.append(published_finding_json(finding, providers.provider_of(finding.nameservers)));
    if (!line) return std::unexpected(line.error());
    out.add(finding, providers, *line);
  }
  if (auto sealed = out.seal(); !sealed) {
    return std::unexpected(fmt::format("{}: {}", findings.string(), sealed.error()));
  }
  return out;
}

}  // namespace caascan
