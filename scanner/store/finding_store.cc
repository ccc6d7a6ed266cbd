#include "scanner/store/finding_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <concepts>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "scanner/store/json_text.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

namespace json = boost::json;

// The values of one line stand in one piece of memory, which is given back at once.
class LineMemory {
 public:
  [[nodiscard]] json::storage_ptr storage() { return &resource_; }

 private:
  std::array<unsigned char, 16384> first_;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  json::monotonic_resource resource_{first_.data(), first_.size()};
};

void put(json::value& to, std::string_view text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7F'; });
  to.emplace_string() = printable ? text : std::string_view(printable_ascii(text));
}

void put(json::value& to, const std::vector<std::string>& texts) {
  json::array& out = to.emplace_array();
  for (const std::string& text : texts) put(out.emplace_back(nullptr), text);
}

void put(json::value& to, const Attempt& attempt) {
  json::object& out = to.emplace_object();
  out.reserve(20);
  put(out["server_name"], attempt.server_name);
  put(out["server_address"], attempt.server_address);
  out["server_port"] = attempt.server_port;
  out["tcp"] = attempt.tcp;
  out["edns_size"] = attempt.edns_size;
  out["dnssec_ok"] = attempt.dnssec_ok;
  put(out["qname"], attempt.qname);
  put(out["qtype"], attempt.qtype);
  out["result"] = word(attempt.result);
  out["rcode"] = attempt.rcode;
  out["aa"] = attempt.aa;
  out["tc"] = attempt.tc;
  out["ra"] = attempt.ra;
  out["ad"] = attempt.ad;
  json::array& counts = out["section_counts"].emplace_array();
  for (const std::uint16_t count : attempt.section_counts) counts.push_back(count);
  if (attempt.extended_error) out["extended_error"] = *attempt.extended_error;
  put(out["extended_error_text"], attempt.extended_error_text);
  out["rtt_us"] = attempt.rtt_us;
  out["sent_unix_ms"] = attempt.sent_unix_ms;
  out["round"] = attempt.round;
}

void put(json::value& to, const std::vector<Attempt>& attempts) {
  json::array& out = to.emplace_array();
  out.reserve(attempts.size());
  for (const Attempt& attempt : attempts) put(out.emplace_back(nullptr), attempt);
}

// Takes members out of one object. The first that is missing or of the wrong kind is remembered;
// what is asked for afterwards yields default values.
class Members {
 public:
  Members(const json::object& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] bool has(std::string_view key) const { return object_.contains(key); }

  const json::value* take(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) wrong(key, "is missing");
    return value;
  }

  std::string text(std::string_view key) {
    const json::value* value = take(key);
    if (value == nullptr) return {};
    const json::string* found = value->if_string();
    if (found == nullptr) {
      wrong(key, "is not a string");
      return {};
    }
    return {found->data(), found->size()};
  }

  bool flag(std::string_view key) {
    const json::value* value = take(key);
    if (value == nullptr) return false;
    const bool* found = value->if_bool();
    if (found == nullptr) wrong(key, "is neither true nor false");
    return found != nullptr && *found;
  }

  template <std::integral Number>
  Number number(std::string_view key) {
    const json::value* value = take(key);
    return value == nullptr ? Number{} : number_of<Number>(key, *value);
  }

  template <std::integral Number>
  Number number_of(std::string_view key, const json::value& value) {
    if (const std::int64_t* found = value.if_int64(); found != nullptr) {
      if (std::in_range<Number>(*found)) return static_cast<Number>(*found);
      wrong(key, "is out of range");
    } else if (const std::uint64_t* large = value.if_uint64(); large != nullptr) {
      if (std::in_range<Number>(*large)) return static_cast<Number>(*large);
      wrong(key, "is out of range");
    } else {
      wrong(key, "is not a whole number");
    }
    return {};
  }

  double real(std::string_view key) {
    const json::value* value = take(key);
    if (value == nullptr) return 0;
    if (const double* found = value->if_double(); found != nullptr) return *found;
    if (const std::int64_t* whole = value->if_int64(); whole != nullptr) {
      return static_cast<double>(*whole);
    }
    wrong(key, "is not a number");
    return 0;
  }

  const json::array& list(std::string_view key) {
    static const json::array kNone;
    const json::value* value = take(key);
    if (value == nullptr) return kNone;
    const json::array* found = value->if_array();
    if (found == nullptr) {
      wrong(key, "is not an array");
      return kNone;
    }
    return *found;
  }

  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> out;
    for (const json::value& element : list(key)) {
      if (const json::string* text = element.if_string(); text != nullptr) {
        out.emplace_back(text->data(), text->size());
      } else {
        wrong(key, "has an element that is not a string");
      }
    }
    return out;
  }

  // A word of a closed list, read by `from_word`.
  template <typename FromWord>
  auto choice(std::string_view key, FromWord from_word) {
    using Value = typename decltype(from_word(std::string_view()))::value_type;
    const std::string found = text(key);
    if (!error_.empty()) return Value{};
    const auto value = from_word(found);
    if (!value) wrong(key, fmt::format("has the unknown value \"{}\"", printable_ascii(found)));
    return value.value_or(Value{});
  }

  void wrong(std::string_view key, std::string_view what) {
    if (error_.empty()) error_ = fmt::format("member \"{}{}\" {}", where_, key, what);
  }

 private:
  const json::object& object_;
  std::string where_;
  std::string error_;
};

std::expected<Attempt, std::string> attempt_from(const json::object& object, std::size_t index) {
  Members members(object, fmt::format("attempts[{}].", index));
  Attempt out;
  out.server_name = members.text("server_name");
  out.server_address = members.text("server_address");
  out.server_port = members.number<std::uint16_t>("server_port");
  out.tcp = members.flag("tcp");
  out.edns_size = members.number<std::uint16_t>("edns_size");
  out.dnssec_ok = members.flag("dnssec_ok");
  out.qname = members.text("qname");
  out.qtype = members.text("qtype");
  out.result = members.choice("result", attempt_result_from_word);
  out.rcode = members.number<std::uint8_t>("rcode");
  out.aa = members.flag("aa");
  out.tc = members.flag("tc");
  out.ra = members.flag("ra");
  out.ad = members.flag("ad");
  const json::array& counts = members.list("section_counts");
  if (counts.size() == out.section_counts.size()) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      out.section_counts[i] = members.number_of<std::uint16_t>("section_counts", counts[i]);
    }
  } else {
    members.wrong("section_counts", "does not have three elements");
  }
  if (members.has("extended_error")) {
    out.extended_error = members.number<std::uint16_t>("extended_error");
  }
  out.extended_error_text = members.text("extended_error_text");
  out.rtt_us = members.number<std::uint32_t>("rtt_us");
  out.sent_unix_ms = members.number<std::int64_t>("sent_unix_ms");
  out.round = members.number<std::uint8_t>("round");
  if (!members.error().empty()) return std::unexpected(members.error());
  return out;
}

std::expected<ServerVersion, std::string> version_from(const json::object& object,
                                                       std::size_t index) {
  Members members(object, fmt::format("versions[{}].", index));
  ServerVersion out;
  out.server_address = members.text("server_address");
  out.text = members.text("text");
  if (!members.error().empty()) return std::unexpected(members.error());
  return out;
}

// The objects of a list, each read by `from_object`.
template <typename Value, typename FromObject>
std::expected<std::vector<Value>, std::string> objects_from(Members& members, std::string_view key,
                                                            FromObject from_object) {
  std::vector<Value> out;
  const json::array& elements = members.list(key);
  if (!members.error().empty()) return std::unexpected(members.error());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const json::object* object = elements[i].if_object();
    if (object == nullptr) {
      return std::unexpected(fmt::format("member \"{}[{}]\" is not an object", key, i));
    }
    auto value = from_object(*object, i);
    if (!value) return std::unexpected(value.error());
    out.push_back(std::move(*value));
  }
  return out;
}

using Count = decltype(&ScanCounts::names_total);
struct CountMember {
  std::string_view key;
  Count member;
};

// Every whole number of ScanCounts but those by outcome.
constexpr CountMember kCountMembers[] = {
    {"names_total", &ScanCounts::names_total},
    {"names_cleared", &ScanCounts::names_cleared},
    {"names_inferred", &ScanCounts::names_inferred},
    {"names_put_away", &ScanCounts::names_put_away},
    {"names_past_deadline", &ScanCounts::names_past_deadline},
    {"queries_udp", &ScanCounts::queries_udp},
    {"queries_tcp", &ScanCounts::queries_tcp},
    {"queries_repeated", &ScanCounts::queries_repeated},
    {"replies", &ScanCounts::replies},
    {"timeouts", &ScanCounts::timeouts},
    {"timeouts_voided", &ScanCounts::timeouts_voided},
    {"mismatch_id", &ScanCounts::mismatch_id},
    {"mismatch_address", &ScanCounts::mismatch_address},
    {"mismatch_question", &ScanCounts::mismatch_question},
    {"mismatch_case", &ScanCounts::mismatch_case},
    {"mismatch_not_reply", &ScanCounts::mismatch_not_reply},
    {"mismatch_short", &ScanCounts::mismatch_short},
    {"late", &ScanCounts::late},
    {"kernel_drops", &ScanCounts::kernel_drops},
    {"host_buffer_errors", &ScanCounts::host_buffer_errors},
    {"host_receive_errors", &ScanCounts::host_receive_errors},
    {"signatures_checked", &ScanCounts::signatures_checked},
    {"signatures_checked_ns", &ScanCounts::signatures_checked_ns},
    {"signatures_reused", &ScanCounts::signatures_reused},
    {"nsec3_hashes", &ScanCounts::nsec3_hashes},
    {"rounds_void", &ScanCounts::rounds_void},
};
static_assert(sizeof(ScanCounts) ==
              (kOutcomeCount + std::size(kCountMembers)) * 8 + 2 * sizeof(double));

// What is parsed must not outlive `memory`.
std::expected<json::value, std::string> parse_object(std::string_view text, LineMemory& memory) {
  boost::system::error_code error;
  json::value value = json::parse(text, error, memory.storage());
  if (error) return std::unexpected("not JSON: " + error.message());
  if (!value.is_object()) return std::unexpected("not a JSON object");
  return value;
}

}  // namespace

std::string finding_to_json(const Finding& finding) {
  LineMemory memory;
  json::value line(json::object_kind, memory.storage());
  json::object& out = line.get_object();
  out.reserve(24);
  put(out["name"], finding.name.text());
  out["outcome"] = word(finding.outcome);
  out["cause"] = word(finding.cause);
  put(out["failing_label"], finding.failing_label);
  put(out["alias_target"], finding.alias_target);
  put(out["zone"], finding.zone);
  out["inherited"] = finding.inherited;
  out["security"] = word(finding.security);
  if (finding.bogus != BogusKind::kNone) {
    out["bogus"] = word(finding.bogus);
    out["extended_error"] = ede(finding.bogus);
  }
  out["intermittent"] = finding.intermittent;
  out["version_dependent"] = finding.version_dependent;
  put(out["insecure_at"], finding.insecure_at);
  put(out["inferred_from"], finding.inferred_from);
  put(out["nameservers"], finding.nameservers);
  put(out["soa_contact"], finding.soa_contact);
  if (finding.control_result) out["control_result"] = word(*finding.control_result);
  if (finding.control_rcode) out["control_rcode"] = *finding.control_rcode;
  json::array& observed = out["observed_unix_ms"].emplace_array();
  for (const std::int64_t at : finding.observed_unix_ms) observed.push_back(at);
  put(out["attempts"], finding.attempts);
  json::array& versions = out["versions"].emplace_array();
  for (const ServerVersion& version : finding.versions) {
    json::object& it = versions.emplace_back(json::object_kind).get_object();
    put(it["server_address"], version.server_address);
    put(it["text"], version.text);
  }
  if (!finding.carried_from.empty()) put(out["carried_from"], finding.carried_from);
  return json_line(line);
}

std::string attempt_to_json(const Attempt& attempt) {
  LineMemory memory;
  json::value line(memory.storage());
  put(line, attempt);
  return json_line(line);
}

namespace {

// A line of these texts, nameservers and attempts.
std::string line_with_attempts(
    std::initializer_list<std::pair<std::string_view, std::string_view>> texts,
    const std::vector<std::string>& nameservers, const std::vector<Attempt>& attempts) {
  LineMemory memory;
  json::value line(json::object_kind, memory.storage());
  json::object& out = line.get_object();
  for (const auto& [key, text] : texts) put(out[key], text);
  put(out["nameservers"], nameservers);
  put(out["attempts"], attempts);
  return json_line(line);
}

// The reverse; `take` takes the texts.
template <typename Value, typename Take>
std::expected<Value, std::string> read_line_with_attempts(std::string_view line, Take take) {
  LineMemory memory;
  const auto value = parse_object(line, memory);
  if (!value) return std::unexpected(value.error());
  Members members(value->get_object(), "");
  Value out;
  take(members, out);
  out.nameservers = members.texts("nameservers");
  auto attempts = objects_from<Attempt>(members, "attempts", attempt_from);
  if (!attempts) return std::unexpected(attempts.error());
  out.attempts = std::move(*attempts);
  return out;
}

}  // namespace

std::string degraded_zone_to_json(const DegradedZone& zone) {
  return line_with_attempts({{"zone", zone.zone}}, zone.nameservers, zone.attempts);
}

std::string hidden_caa_to_json(const HiddenCaa& hidden) {
  return line_with_attempts({{"name", hidden.name}, {"zone", hidden.zone}}, hidden.nameservers,
                            hidden.attempts);
}

std::expected<DegradedZone, std::string> degraded_zone_from_json(std::string_view line) {
  return read_line_with_attempts<DegradedZone>(
      line, [](Members& members, DegradedZone& out) { out.zone = members.text("zone"); });
}

std::expected<HiddenCaa, std::string> hidden_caa_from_json(std::string_view line) {
  return read_line_with_attempts<HiddenCaa>(line, [](Members& members, HiddenCaa& out) {
    out.name = members.text("name");
    out.zone = members.text("zone");
  });
}

std::expected<Finding, std::string> finding_from_json(std::string_view line) {
  LineMemory memory;
  const auto value = parse_object(line, memory);
  if (!value) return std::unexpected(value.error());
  Members members(value->get_object(), "");
  Finding out;
  out.name = DomainName::from_canonical(members.text("name"));
  out.outcome = members.choice("outcome", outcome_from_word);
  out.cause = members.choice("cause", cause_from_word);
  out.failing_label = members.text("failing_label");
  out.alias_target = members.text("alias_target");
  out.zone = members.text("zone");
  out.inherited = members.flag("inherited");
  out.security = members.choice("security", security_from_word);
  // `extended_error` follows from the kind and is for other readers.
  if (members.has("bogus")) out.bogus = members.choice("bogus", bogus_kind_from_word);
  out.intermittent = members.flag("intermittent");
  out.version_dependent = members.flag("version_dependent");
  out.insecure_at = members.text("insecure_at");
  out.inferred_from = members.text("inferred_from");
  out.nameservers = members.texts("nameservers");
  out.soa_contact = members.text("soa_contact");
  if (members.has("control_result")) {
    out.control_result = members.choice("control_result", attempt_result_from_word);
  }
  if (members.has("control_rcode")) {
    out.control_rcode = members.number<std::uint8_t>("control_rcode");
  }
  for (const json::value& time : members.list("observed_unix_ms")) {
    out.observed_unix_ms.push_back(members.number_of<std::int64_t>("observed_unix_ms", time));
  }
  if (out.name.empty()) members.wrong("name", "is empty");
  auto attempts = objects_from<Attempt>(members, "attempts", attempt_from);
  if (!attempts) return std::unexpected(attempts.error());
  out.attempts = std::move(*attempts);
  auto versions = objects_from<ServerVersion>(members, "versions", version_from);
  if (!versions) return std::unexpected(versions.error());
  out.versions = std::move(*versions);
  if (members.has("carried_from")) out.carried_from = members.text("carried_from");
  if (!members.error().empty()) return std::unexpected(members.error());
  return out;
}

std::string scan_counts_to_json(const ScanCounts& counts) {
  json::object out;
  json::object by_outcome;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    by_outcome[word(static_cast<Outcome>(i))] = counts.names_by_outcome[i];
  }
  out["names_by_outcome"] = std::move(by_outcome);
  for (const CountMember& count : kCountMembers) out[count.key] = counts.*count.member;
  out["elapsed_s"] = counts.elapsed_s;
  out["first_query_s"] = counts.first_query_s;
  return json_document(out);
}

std::expected<ScanCounts, std::string> scan_counts_from_json(std::string_view text) {
  LineMemory memory;
  const auto value = parse_object(text, memory);
  if (!value) return std::unexpected(value.error());
  Members members(value->get_object(), "");
  ScanCounts out;
  const json::value* by_outcome = members.take("names_by_outcome");
  if (by_outcome == nullptr) return std::unexpected(members.error());
  const json::object* object = by_outcome->if_object();
  if (object == nullptr) return std::unexpected("member \"names_by_outcome\" is not an object");
  Members outcomes(*object, "names_by_outcome.");
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    out.names_by_outcome[i] = outcomes.number<std::uint64_t>(word(static_cast<Outcome>(i)));
  }
  if (!outcomes.error().empty()) return std::unexpected(outcomes.error());
  for (const CountMember& count : kCountMembers) {
    out.*count.member = members.number<std::uint64_t>(count.key);
  }
  out.elapsed_s = members.real("elapsed_s");
  out.first_query_s = members.real("first_query_s");
  if (!members.error().empty()) return std::unexpected(members.error());
  return out;
}

ScanCounts counts_over_starts(const ScanCounts& earlier, const ScanCounts& now) {
  ScanCounts out = earlier;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    out.names_by_outcome[i] += now.names_by_outcome[i];
  }
  for (const CountMember& count : kCountMembers) out.*count.member += now.*count.member;
  out.elapsed_s += now.elapsed_s;
  if (earlier.queries_udp + earlier.queries_tcp == 0) out.first_query_s = now.first_query_s;
  return out;
}

struct FindingWriter::Impl {
  ZstdLineWriter lines;
};

FindingWriter::FindingWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FindingWriter::FindingWriter(FindingWriter&&) noexcept = default;
FindingWriter& FindingWriter::operator=(FindingWriter&&) noexcept = default;
FindingWriter::~FindingWriter() = default;

std::expected<FindingWriter, std::string> FindingWriter::create(const std::filesystem::path& path) {
  auto lines = ZstdLineWriter::create(path);
  if (!lines) return std::unexpected(lines.error());
  return FindingWriter(std::make_unique<Impl>(Impl{std::move(*lines)}));
}

std::expected<void, std::string> FindingWriter::append(const Finding& finding) {
  return impl_->lines.append(finding_to_json(finding));
}

std::expected<void, std::string> FindingWriter::close() {
  return impl_->lines.close();
}

struct FindingReader::Impl {
  ZstdLineReader lines;
  std::string_view line{};
};

FindingReader::FindingReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FindingReader::FindingReader(FindingReader&&) noexcept = default;
FindingReader& FindingReader::operator=(FindingReader&&) noexcept = default;
FindingReader::~FindingReader() = default;

std::expected<FindingReader, std::string> FindingReader::open(const std::filesystem::path& path) {
  auto lines = ZstdLineReader::open(path);
  if (!lines) return std::unexpected(lines.error());
  return FindingReader(std::make_unique<Impl>(Impl{std::move(*lines)}));
}

std::string_view FindingReader::line() const {
  return impl_->line;
}

std::expected<bool, std::string> FindingReader::next(Finding& finding) {
  const auto more = impl_->lines.next(impl_->line);
  if (!more || !*more) return more;
  auto parsed = finding_from_json(impl_->line);
  if (!parsed) return std::unexpected(impl_->lines.error_here(parsed.error()));
  finding = std::move(*parsed);
  return true;
}

}  // namespace caascan
