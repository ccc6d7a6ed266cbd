#include "output/report.h"

#include <algorithm>
#include <boost/json.hpp>

#include "output/latent.h"
#include "output/time_text.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

namespace json = boost::json;

json::array damage_json(const IngestCounts& counts) {
  json::array out;
  for (const Damage& damage : counts.damage) {
    out.push_back(json::object{{"path", damage.path},
                               {"offset_bytes", damage.offset_bytes},
                               {"offset_uncompressed", damage.offset_uncompressed},
                               {"what", damage.what}});
  }
  return out;
}

json::object outcomes_json(const ScanCounts& counts) {
  json::object out;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    out[word(static_cast<Outcome>(i))] = counts.names_by_outcome[i];
  }
  return out;
}

json::object ingest_json(const IngestCounts& counts) {
  json::object out;
  out["files"] = counts.files;
  out["files_skipped"] = counts.files_skipped;
  out["bytes_read"] = counts.bytes_read;
  out["entries"] = counts.entries;
  out["entries_unknown_type"] = counts.entries_unknown_type;
  out["certificates_taken"] = counts.certificates_taken;
  out["certificates_expired"] = counts.certificates_expired;
  out["certificates_other_issuer"] = counts.certificates_other_issuer;
  out["certificates_broken"] = counts.certificates_broken;
  out["list_lines"] = counts.list_lines;
  out["names_seen"] = counts.names_seen;
  out["names_unique"] = counts.names_unique;
  json::object rejects;
  for (std::size_t i = 0; i < kNameRejectCount; ++i) {
    rejects[reject_word(static_cast<NameReject>(i))] = counts.rejects[i];
  }
  out["rejects"] = std::move(rejects);
  out["damage_count"] = counts.damage_count;
  out["damage"] = damage_json(counts);
  return out;
}

// What kinds of affected names there are.
void add_tally(const Tally& tally, json::object& out) {
  json::object by_reason;
  for (const ReasonTally& line : tally.reasons) {
    by_reason[line.reason->id] = line.servfail + line.timeout;
  }
  out["names_by_reason"] = std::move(by_reason);
  json::object by_class;
  for (std::size_t i = 0; i < kIssuanceClassCount; ++i) {
    by_class[word(static_cast<IssuanceClass>(i))] = tally.names_by_class[i];
  }
  out["names_by_class"] = std::move(by_class);
  json::object by_security;
  for (std::size_t i = 0; i < kSecurityCount; ++i) {
    by_security[word(static_cast<Security>(i))] = tally.names_by_security[i];
  }
  out["names_by_security"] = std::move(by_security);
  json::object by_bogus;
  for (std::size_t i = 1; i < kBogusKindCount; ++i) {
    by_bogus[word(static_cast<BogusKind>(i))] = tally.names_by_bogus[i];
  }
  out["names_by_bogus"] = std::move(by_bogus);
}

json::object header_json(const PublishOptions& options, const SetContents& contents) {
  json::object out;
  out["schema_version"] = kSchemaVersion;
  out["version"] = options.version;
  out["started"] = rfc3339(options.started_unix_s);
  out["finished"] = rfc3339(contents.finished_unix_s);
  out["at"] = rfc3339(options.at_unix_s);
  out["incomplete"] = options.incomplete;
  return out;
}

}  // namespace

std::string summary_json(const PublishOptions& options, const SetContents& contents) {
  json::object out = header_json(options, contents);
  out["starts"] = options.starts;
  out["journal_damage"] = options.journal_damage;
  out["names_total"] = options.scan_counts.names_total;
  out["names_by_outcome"] = outcomes_json(options.scan_counts);
  out["names_carried"] = contents.names_carried;
  add_tally(contents.tally, out);
  json::object lists;
  for (const auto& [name, lines] : contents.list_lines) lists[name] = lines;
  out["lists"] = std::move(lists);
  out["feed"] = json::object{{"certificates", contents.feed_certificates},
                             {"hostnames", contents.feed_hostnames},
                             {"operators", contents.providers.size()}};
  out["latent"] =
      json::object{{kDegradedFile, contents.degraded}, {kHiddenCaaFile, contents.hidden_caa}};
  json::array providers;
  for (const ProviderRow& row : contents.providers) {
    if (providers.size() == kProvidersInSummary) break;
    providers.push_back(json::object{{"provider", row.provider},
                                     {"servfail", row.servfail},
                                     {"share", row.share},
                                     {"timeout", row.timeout},
                                     {"zones", row.zones}});
  }
  out["providers_total"] = contents.providers.size();
  out["providers"] = std::move(providers);
  out["ingest"] = ingest_json(options.ingest_counts);
  // The very members of scan.json: one place says what they are.
  boost::system::error_code error;
  json::value scan = json::parse(scan_counts_to_json(options.scan_counts), error);
  if (json::object* members = scan.if_object(); !error && members != nullptr) {
    members->erase("names_total");
    members->erase("names_by_outcome");
  }
  out["scan"] = std::move(scan);
  return json_document(out);
}

std::string manifest_json(const PublishOptions& options, const SetContents& contents,
                          const std::vector<PublishedFile>& files) {
  json::object out = header_json(options, contents);
  out["inputs"] = json::array(options.inputs.begin(), options.inputs.end());
  json::array effective;
  for (const auto& [name, value] : options.effective_options) {
    effective.push_back(json::object{{"name", name}, {"value", value}});
  }
  out["options"] = std::move(effective);
  out["provider_table"] = options.provider_table_origin;
  out["names_total"] = options.scan_counts.names_total;
  out["names_by_outcome"] = outcomes_json(options.scan_counts);
  out["names_carried"] = contents.names_carried;
  out["damage_count"] = options.ingest_counts.damage_count;
  out["damage"] = damage_json(options.ingest_counts);
  json::array listed;
  for (const PublishedFile& file : files) {
    listed.push_back(json::object{{"name", file.name},
                                  {"size_bytes", file.digest.size_bytes},
                                  {"sha256", file.digest.sha256}});
  }
  out["files"] = std::move(listed);
  return json_document(out);
}

std::string sha256sums(const std::vector<PublishedFile>& files) {
  std::string out;
  for (const PublishedFile& file : files) out += file.digest.sha256 + "  " + file.name + '\n';
  return out;
}

}  // namespace caascan
