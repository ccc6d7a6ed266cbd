#include "output/certificate_feed.h"

#include <algorithm>
#include <boost/json.hpp>
#include <tuple>
#include <utility>

#include "output/derived.h"
#include "output/evidence.h"
#include "output/message.h"
#include "output/time_text.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

namespace json = boost::json;

constexpr std::string_view kWildcard = "*.";

std::string_view without_wildcard(std::string_view name) {
  if (name.starts_with(kWildcard)) name.remove_prefix(kWildcard.size());
  return name;
}

}  // namespace

CertificateFeed::CertificateFeed(const AffectedNames& affected, std::int64_t at_unix_s)
    : affected_(affected), at_unix_s_(at_unix_s), seen_(affected.names().size()) {}

void CertificateFeed::add(const CertificateRecord& record) {
  bool any = false;
  for (const std::string& name : record.names) {
    const auto index = affected_.find(without_wildcard(name));
    if (!index) continue;
    any = true;
    (name.starts_with(kWildcard) ? seen_[*index].wildcard : seen_[*index].bare) = true;
  }
  if (!any || record.serial_hex.empty() || record.not_after_unix_s < at_unix_s_) return;
  Certificate& certificate =
      certificates_[Key{record.issuer_organization, record.issuer_common_name, record.serial_hex}];
  // Should a CA have used a serial twice, the names of both are in one entry: nobody is left out.
  certificate.names.insert(record.names.begin(), record.names.end());
  certificate.not_after_unix_s = std::max(certificate.not_after_unix_s, record.not_after_unix_s);
  certificate.precertificate = certificate.precertificate && record.precertificate;
}

std::vector<std::string> CertificateFeed::hostnames() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const std::string_view name = affected_.names()[i].name;
    if (seen_[i].bare) out.emplace_back(name);
    if (seen_[i].wildcard) out.push_back(std::string(kWildcard).append(name));
  }
  std::ranges::sort(out);
  return out;
}

std::expected<void, std::string> CertificateFeed::for_each_line(const LineSink& line) const {
  std::vector<const std::pair<const Key, Certificate>*> order;
  order.reserve(certificates_.size());
  for (const auto& entry : certificates_) order.push_back(&entry);
  std::ranges::sort(order, [](const auto* a, const auto* b) {
    return std::tie(a->second.not_after_unix_s, a->first) <
           std::tie(b->second.not_after_unix_s, b->first);
  });
  for (const auto* entry : order) {
    const auto text = json_of(entry->first, entry->second);
    if (!text) return std::unexpected(text.error());
    if (auto taken = line(*text); !taken) return taken;
  }
  return {};
}

std::expected<std::string, std::string> CertificateFeed::json_of(
    const Key& key, const Certificate& certificate) const {
  json::object out;
  out["serial"] = key.serial_hex;
  out["issuer"] = json::object{{"organization", key.issuer_organization},
                               {"common_name", key.issuer_common_name}};
  out["not_after"] = rfc3339(certificate.not_after_unix_s);
  out["precertificate"] = certificate.precertificate;
  out["names"] = json::array(certificate.names.begin(), certificate.names.end());
  json::array affected;
  for (const std::string& name : certificate.names) {
    const auto index = affected_.find(without_wildcard(name));
    if (!index) continue;
    const AffectedName& found = affected_.names()[*index];
    const auto finding = affected_.read_finding(found);
    if (!finding) return std::unexpected(finding.error());
    json::object entry;
    entry["name"] = name;
    entry["outcome"] = word(found.outcome);
    entry["message"] = ca_message(name, ca_problem(*finding));
    entry["cause"] = word(found.cause);
    entry["nameserver"] = decisive_nameserver(*finding);
    entry["answer"] = fault_text(*finding);
    entry["zone"] = found.zone;
    entry["provider"] = found.provider;
    entry["dig"] = dig_line(*finding);
    entry["reason"] = reason_json(*found.reason);
    affected.push_back(std::move(entry));
  }
  out["affected"] = std::move(affected);
  return json_line(out);
}

}  // namespace caascan
