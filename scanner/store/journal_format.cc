#include "scanner/store/journal_format.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "scanner/store/finding_store.h"

namespace caascan::journal {

void put_number(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}
void put_signed(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  put_number(out, value < 0 ? ~(bits << 1U) : bits << 1U);
}
void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}
void put_u32(char* to, std::uint32_t value) {
  for (unsigned at = 0; at < 4; ++at) to[at] = static_cast<char>(value >> (8 * at));
}
std::uint32_t load_u32(const char* from) {
  std::uint32_t value = 0;
  for (unsigned at = 0; at < 4; ++at)
    value |= std::uint32_t{static_cast<unsigned char>(from[at])} << (8 * at);
  return value;
}

namespace {

constexpr unsigned kOutcomeBits = 3;
static_assert(kOutcomeCount <= 1U << kOutcomeBits);

// Reads what the functions above have put. Once something is not there, all that follows is zero
// and empty, and `good` is false.
class Fields {
 public:
  explicit Fields(std::string_view octets) : rest_(octets) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto octet = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{octet & 0x7FU} << shift;
      if (octet < 0x80) return value;
    }
    fail();
    return 0;
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>((value & 1U) != 0 ? ~(value >> 1U) : value >> 1U);
  }
  std::string_view text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  // A number of elements, each of which takes an octet at least.
  std::size_t count() {
    const std::uint64_t value = number();
    if (value > rest_.size()) fail();
    return good_ ? value : 0;
  }
  template <typename Number>
  Number small() {
    const std::uint64_t value = number();
    if (value > std::numeric_limits<Number>::max()) fail();
    return good_ ? static_cast<Number>(value) : Number{};
  }
  // A value of an enumeration of `values`.
  template <typename Enum>
  Enum choice(std::size_t values) {
    const std::uint64_t value = number();
    if (value >= values) fail();
    return good_ ? static_cast<Enum>(value) : Enum{};
  }
  void fail() {
    good_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

constexpr std::size_t kAttemptResultCount =
    static_cast<std::size_t>(AttemptResult::kUnreachable) + 1;

void put_attempt(std::string& out, const Attempt& attempt) {
  put_text(out, attempt.server_name);
  put_text(out, attempt.server_address);
  put_number(out, attempt.server_port);
  put_number(out, attempt.edns_size);
  put_text(out, attempt.qname);
  put_text(out, attempt.qtype);
  put_number(out, static_cast<std::uint64_t>(attempt.result));
  put_number(out, attempt.rcode);
  const std::array<bool, 6> flags = {attempt.tcp, attempt.dnssec_ok, attempt.aa,
                                     attempt.tc,  attempt.ra,        attempt.ad};
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < flags.size(); ++i) bits |= std::uint64_t{flags[i]} << i;
  put_number(out, bits);
  for (const std::uint16_t count : attempt.section_counts) put_number(out, count);
  // 0 is none.
  put_number(out, attempt.extended_error ? std::uint64_t{*attempt.extended_error} + 1 : 0);
  put_text(out, attempt.extended_error_text);
  put_number(out, attempt.rtt_us);
  put_signed(out, attempt.sent_unix_ms);
  put_number(out, attempt.round);
}

Attempt take_attempt(Fields& fields) {
  Attempt out;
  out.server_name = fields.text();
  out.server_address = fields.text();
  out.server_port = fields.small<std::uint16_t>();
  out.edns_size = fields.small<std::uint16_t>();
  out.qname = fields.text();
  out.qtype = fields.text();
  out.result = fields.choice<AttemptResult>(kAttemptResultCount);
  out.rcode = fields.small<std::uint8_t>();
  const auto bits = fields.small<std::uint8_t>();
  out.tcp = (bits & 1U) != 0;
  out.dnssec_ok = (bits & 2U) != 0;
  out.aa = (bits & 4U) != 0;
  out.tc = (bits & 8U) != 0;
  out.ra = (bits & 16U) != 0;
  out.ad = (bits & 32U) != 0;
  for (std::uint16_t& count : out.section_counts) count = fields.small<std::uint16_t>();
  const std::uint64_t error = fields.number();
  if (error > std::uint64_t{std::numeric_limits<std::uint16_t>::max()} + 1) fields.fail();
  if (error > 0) out.extended_error = static_cast<std::uint16_t>(error - 1);
  out.extended_error_text = fields.text();
  out.rtt_us = fields.small<std::uint32_t>();
  out.sent_unix_ms = fields.signed_number();
  out.round = fields.small<std::uint8_t>();
  return out;
}

FailedName take_failed(Fields& fields) {
  FailedName out;
  out.number = fields.number();
  out.name = DomainName::from_canonical(std::string(fields.text()));
  if (out.name.empty()) fields.fail();
  out.round = fields.small<std::uint8_t>();
  out.round_void = fields.number() != 0;
  out.rounds_void = fields.small<std::uint8_t>();
  out.due_unix_ms = fields.signed_number();
  out.cause = fields.choice<Cause>(kCauseCount);
  for (std::string* name : {&out.label, &out.zone, &out.alias_target, &out.insecure_at,
                            &out.inferred_from, &out.first_nameserver}) {
    *name = fields.text();
  }
  out.nameservers.resize(fields.count());
  for (std::string& name : out.nameservers) name = fields.text();
  out.security = fields.choice<Security>(kSecurityCount);
  out.bogus = fields.choice<BogusKind>(kBogusKindCount);
  const std::uint64_t flags = fields.number();
  out.nsec = (flags & 1U) != 0;
  out.version_dependent = (flags & 2U) != 0;
  out.observed_unix_ms.resize(fields.count());
  for (std::int64_t& time : out.observed_unix_ms) time = fields.signed_number();
  const std::size_t attempts = fields.count();
  out.attempts.reserve(attempts);
  for (std::size_t i = 0; i < attempts && fields.good(); ++i)
    out.attempts.push_back(take_attempt(fields));
  return out;
}

JournalHeader take_header(Fields& fields) {
  JournalHeader out;
  out.started_unix_s = fields.signed_number();
  out.at_unix_s = fields.signed_number();
  out.fingerprint.resize(fields.count());
  for (auto& [name, value] : out.fingerprint) {
    name = fields.text();
    value = fields.text();
  }
  return out;
}

bool take_ended(Fields& fields, std::vector<EndedName>& ended) {
  NameNumber before = 0;
  while (!fields.at_end()) {
    const std::uint64_t value = fields.number();
    const std::uint64_t outcome = value & ((1U << kOutcomeBits) - 1);
    const std::uint64_t zigzag = value >> kOutcomeBits;
    if (!fields.good() || outcome >= kOutcomeCount) return false;
    before += (zigzag & 1U) != 0 ? ~(zigzag >> 1U) : zigzag >> 1U;
    ended.push_back({before, static_cast<Outcome>(outcome)});
  }
  return fields.good();
}

bool take_record(RecordType type, std::string_view body, Block& block) {
  Fields fields(body);
  switch (type) {
    case RecordType::kHeader:
      block.header = take_header(fields);
      break;
    case RecordType::kStart:
      fields.signed_number();
      block.starts.push_back(fields.number() != 0);
      break;
    case RecordType::kMark: {
      NamesMark mark;
      mark.names = fields.number();
      mark.digest = fields.number();
      block.marks.push_back(mark);
      break;
    }
    case RecordType::kEnded:
      return take_ended(fields, block.ended);
    case RecordType::kFinding: {
      Block::FindingText finding;
      finding.name.number = fields.number();
      finding.name.outcome = fields.choice<Outcome>(kOutcomeCount);
      finding.json = fields.rest();
      block.findings.push_back(finding);
      return fields.good() && is_affected(finding.name.outcome);
    }
    case RecordType::kFailed:
      block.failed.push_back(take_failed(fields));
      break;
    case RecordType::kAlive: {
      AliveName alive;
      alive.nameserver = fields.text();
      alive.name = fields.text();
      block.alive.push_back(std::move(alive));
      break;
    }
    case RecordType::kDegraded:
      block.degraded.push_back(body);
      return true;
    case RecordType::kHiddenCaa:
      block.hidden_caa.push_back(body);
      return true;
    case RecordType::kCounts: {
      auto counts = scan_counts_from_json(body);
      if (!counts) return false;
      block.counts = *counts;
      return true;
    }
    default:
      return false;
  }
  return fields.good() && fields.at_end();
}

}  // namespace

void put_failed(std::string& out, const FailedName& failed) {
  put_number(out, failed.number);
  put_text(out, failed.name.text());
  put_number(out, failed.round);
  put_number(out, failed.round_void ? 1 : 0);
  put_number(out, failed.rounds_void);
  put_signed(out, failed.due_unix_ms);
  put_number(out, static_cast<std::uint64_t>(failed.cause));
  for (const std::string* name :
       {&failed.label, &failed.zone, &failed.alias_target, &failed.insecure_at,
        &failed.inferred_from, &failed.first_nameserver}) {
    put_text(out, *name);
  }
  put_number(out, failed.nameservers.size());
  for (const std::string& name : failed.nameservers) put_text(out, name);
  put_number(out, static_cast<std::uint64_t>(failed.security));
  put_number(out, static_cast<std::uint64_t>(failed.bogus));
  put_number(out, (failed.nsec ? 1U : 0U) | (failed.version_dependent ? 2U : 0U));
  put_number(out, failed.observed_unix_ms.size());
  for (const std::int64_t time : failed.observed_unix_ms) put_signed(out, time);
  put_number(out, failed.attempts.size());
  for (const Attempt& attempt : failed.attempts) put_attempt(out, attempt);
}

void put_header(std::string& out, const JournalHeader& header) {
  put_signed(out, header.started_unix_s);
  put_signed(out, header.at_unix_s);
  put_number(out, header.fingerprint.size());
  for (const auto& [name, value] : header.fingerprint) {
    put_text(out, name);
    put_text(out, value);
  }
}

// The lowest bits are the outcome, the others the number, or the way to it from the one before.
void put_ended(std::string& out, const std::vector<EndedName>& ended) {
  NameNumber before = 0;
  for (const EndedName& name : ended) {
    const auto step = static_cast<std::int64_t>(name.number - before);
    const std::uint64_t bits = static_cast<std::uint64_t>(step) << 1U;
    const std::uint64_t zigzag = step < 0 ? ~bits : bits;
    put_number(out, zigzag << kOutcomeBits | static_cast<std::uint64_t>(name.outcome));
    before = name.number;
  }
}

void append_record(std::string& block, RecordType type, std::string_view body) {
  block += static_cast<char>(type);
  put_text(block, body);
}

std::optional<Block> take_block(std::string_view content) {
  Block block;
  Fields fields(content);
  while (fields.good() && !fields.at_end()) {
    const auto type = static_cast<RecordType>(fields.small<std::uint8_t>());
    const std::string_view body = fields.text();
    if (!fields.good() || !take_record(type, body, block)) return std::nullopt;
  }
  if (!fields.good()) return std::nullopt;
  return block;
}

std::uint32_t checksum(std::uint64_t offset, std::string_view octets) {
  std::array<Bytef, 8> place;
  for (unsigned at = 0; at < 8; ++at) place[at] = static_cast<Bytef>(offset >> (8 * at));
  const uLong start = crc32_z(0, place.data(), place.size());
  return static_cast<std::uint32_t>(
      crc32_z(start, reinterpret_cast<const Bytef*>(octets.data()), octets.size()));
}

std::string system_error(std::string_view doing, const std::filesystem::path& path, int error) {
  return fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error));
}

}  // namespace caascan::journal
