#include "scanner/store/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <span>
#include <thread>

#include "ingest/assert.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

constexpr std::string_view kFormatLine = "caascan journal 1\n";
constexpr std::size_t kBlockHeaderOctets = 16;
constexpr int kCompressionLevel = 1;  // speed: what is written is read once or twice
constexpr unsigned kOutcomeBits = 3;
static_assert(kOutcomeCount <= 1U << kOutcomeBits);

// Numbers in files: never change one.
enum class RecordType : std::uint8_t {
  kHeader = 1,
  kStart = 2,
  kMark = 3,
  kEnded = 4,
  kFinding = 5,
  kFailed = 6,
  kAlive = 7,
  kDegraded = 8,
  kHiddenCaa = 9,
  kCounts = 10,
};

std::string system_error(std::string_view doing, const std::filesystem::path& path, int error) {
  return fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(error));
}

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

void put_header(std::string& out, const JournalHeader& header) {
  put_signed(out, header.started_unix_s);
  put_signed(out, header.at_unix_s);
  put_number(out, header.fingerprint.size());
  for (const auto& [name, value] : header.fingerprint) {
    put_text(out, name);
    put_text(out, value);
  }
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

void append_record(std::string& block, RecordType type, std::string_view body) {
  block += static_cast<char>(type);
  put_text(block, body);
}

// The records of a block, read. Texts point into it.
struct Block {
  struct FindingText {
    EndedName name;
    std::string_view json;
  };
  std::optional<JournalHeader> header;
  std::vector<bool> starts;  // whether damage was cut off before it
  std::vector<NamesMark> marks;
  std::vector<EndedName> ended;
  std::vector<FindingText> findings;
  std::vector<FailedName> failed;
  std::vector<AliveName> alive;
  std::vector<std::string_view> degraded, hidden_caa;
  std::optional<ScanCounts> counts;  // the last ones
};

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

// Over where the block stands too, so that one that was moved shows.
std::uint32_t checksum(std::uint64_t offset, std::string_view octets) {
  std::array<Bytef, 8> place;
  for (unsigned at = 0; at < 8; ++at) place[at] = static_cast<Bytef>(offset >> (8 * at));
  const uLong start = crc32_z(0, place.data(), place.size());
  return static_cast<std::uint32_t>(
      crc32_z(start, reinterpret_cast<const Bytef*>(octets.data()), octets.size()));
}

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// Reads block after block.
class JournalReader {
 public:
  static std::expected<JournalReader, std::string> open(const std::filesystem::path& path) {
    JournalReader reader(path);
    if (!reader.file_) return std::unexpected(system_error("read", path, errno));
    std::error_code error;
    reader.file_octets_ = std::filesystem::file_size(path, error);
    if (error) return std::unexpected(fmt::format("{}: {}", path.string(), error.message()));
    std::string line(kFormatLine.size(), '\0');
    if (!reader.read(line.data(), line.size()) || line != kFormatLine) {
      return std::unexpected(
          fmt::format("{}: not a journal, or one of another format", path.string()));
    }
    return reader;
  }

  // The next block, valid until the next call; nothing at the end, which `end` tells of.
  std::optional<Block> next() {
    if (end_ != JournalEnd::kWhole || offset_ == file_octets_) return std::nullopt;
    const std::uint64_t left = file_octets_ - offset_;
    std::array<char, kBlockHeaderOctets> header;
    if (left < header.size()) return stop(JournalEnd::kCut, "the block is cut");
    if (!read(header.data(), header.size())) return stop(JournalEnd::kDamaged, "cannot be read");
    const std::uint32_t stored = load_u32(header.data());
    const std::uint32_t content = load_u32(header.data() + 4);
    if (load_u32(header.data() + 12) != checksum(offset_, {header.data(), 12})) {
      // A file that had grown when the machine went down, and was not filled.
      if (rest_is_zero(header)) return stop(JournalEnd::kCut, "nothing but zeros follows");
      return stop(JournalEnd::kDamaged, "the block's header is wrong");
    }
    if (stored > kJournalBlockOctetsMax || content > kJournalBlockOctetsMax)
      return stop(JournalEnd::kDamaged, "the block is too large");
    if (left - header.size() < stored) return stop(JournalEnd::kCut, "the block is cut");
    stored_.resize(stored);
    if (!read(stored_.data(), stored)) return stop(JournalEnd::kDamaged, "cannot be read");
    if (load_u32(header.data() + 8) != checksum(offset_, stored_))
      return stop(JournalEnd::kDamaged, "the block's checksum is wrong");
    content_.resize(content);
    const std::size_t size =
        ZSTD_decompress(content_.data(), content_.size(), stored_.data(), stored_.size());
    auto block = size == content ? take_block(content_) : std::nullopt;
    if (!block) return stop(JournalEnd::kDamaged, "the block makes no sense");
    offset_ += header.size() + stored;
    return block;
  }

  [[nodiscard]] JournalEnd end() const { return end_; }
  [[nodiscard]] std::string end_message() const {
    if (end_ == JournalEnd::kWhole) return {};
    return fmt::format("{}: byte {}: {}", path_.string(), offset_, what_);
  }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t file_octets() const { return file_octets_; }

 private:
  explicit JournalReader(const std::filesystem::path& path)
      : path_(path), file_(path, std::ios::binary), offset_(kFormatLine.size()) {}

  bool read(char* to, std::size_t size) {
    file_.read(to, static_cast<std::streamsize>(size));
    return file_.gcount() == static_cast<std::streamsize>(size);
  }
  std::nullopt_t stop(JournalEnd end, std::string_view what) {
    end_ = end;
    what_ = what;
    return std::nullopt;
  }
  bool rest_is_zero(std::span<const char> begun) {
    const auto zero = [](char octet) { return octet == 0; };
    if (!std::ranges::all_of(begun, zero)) return false;
    std::array<char, 65536> part;
    while (file_) {
      file_.read(part.data(), part.size());
      if (!std::ranges::all_of(std::span(part).first(static_cast<std::size_t>(file_.gcount())),
                               zero)) {
        return false;
      }
    }
    return true;
  }

  std::filesystem::path path_;
  std::ifstream file_;
  std::uint64_t file_octets_ = 0;
  std::uint64_t offset_;
  std::string stored_, content_;
  JournalEnd end_ = JournalEnd::kWhole;
  std::string_view what_;
};

std::expected<JournalHeader, std::string> first_header(JournalReader& reader,
                                                       std::optional<Block>& first) {
  first = reader.next();
  if (!first || !first->header) {
    return std::unexpected(reader.end() == JournalEnd::kWhole ? "the journal has no header"
                                                              : reader.end_message());
  }
  return *first->header;
}

// Puts the blocks of a journal together.
class ContentsBuilder {
 public:
  // False where the block contradicts those before it: then no more of it is of use.
  bool add(Block&& block) {
    for (const bool after_damage : block.starts) {
      ++contents_.starts;
      contents_.damage_count += after_damage ? 1 : 0;
    }
    for (const NamesMark& mark : block.marks) {
      if (mark.names <= names_known_) return false;
      names_known_ = mark.names;
      contents_.marks.push_back(mark);
    }
    std::ranges::move(block.alive, std::back_inserter(contents_.alive));
    // In a block a name may fail and then end, but not the other way round.
    for (FailedName& failed : block.failed) {
      const NameNumber number = failed.number;
      if (!is_open(number)) return false;
      failed_.insert_or_assign(number, std::move(failed));
    }
    for (const EndedName& name : block.ended) {
      if (!end(name)) return false;
    }
    for (const Block::FindingText& finding : block.findings) {
      if (!end(finding.name)) return false;
    }
    if (block.counts) contents_.counts = *block.counts;
    return true;
  }

  JournalContents finish() {
    for (auto& [number, failed] : failed_) {
      contents_.states.set(number, NameStates::State::kDone);
      contents_.failed.push_back(std::move(failed));
    }
    contents_.counts.names_by_outcome = by_outcome_;
    contents_.counts.names_total = 0;
    for (const std::uint64_t names : by_outcome_) contents_.counts.names_total += names;
    return std::move(contents_);
  }

  JournalContents& contents() { return contents_; }

 private:
  [[nodiscard]] bool is_open(NameNumber number) const {
    return number < names_known_ && contents_.states.at(number) == NameStates::State::kOpen;
  }
  bool end(const EndedName& name) {
    if (!is_open(name.number)) return false;
    failed_.erase(name.number);
    // Not a verdict: what kept us from one may have passed.
    if (name.outcome == Outcome::kNotReached) return true;
    contents_.states.set(name.number, name.outcome == Outcome::kFound   ? NameStates::State::kFound
                                      : name.outcome == Outcome::kEmpty ? NameStates::State::kEmpty
                                                                        : NameStates::State::kDone);
    ++by_outcome_[static_cast<std::size_t>(name.outcome)];
    return true;
  }

  JournalContents contents_;
  NameNumber names_known_ = 0;  // by the marks
  std::map<NameNumber, FailedName> failed_;
  std::array<std::uint64_t, kOutcomeCount> by_outcome_{};
};

std::expected<void, std::string> sync_folder_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path().empty() ? "." : path.parent_path();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("open", folder, errno));
  const int synced = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (synced != 0) return std::unexpected(system_error("sync", folder, error));
  return {};
}

}  // namespace

void NameStates::set(NameNumber number, State state) {
  const std::size_t octet = number / 4;
  if (octet >= octets_.size()) octets_.resize(octet + 1);
  const unsigned shift = number % 4 * 2;
  octets_[octet] = static_cast<std::uint8_t>((octets_[octet] & ~(3U << shift)) |
                                             static_cast<unsigned>(state) << shift);
  end_ = std::max(end_, number + 1);
}

std::expected<JournalHeader, std::string> read_journal_header(const std::filesystem::path& path) {
  auto reader = JournalReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  std::optional<Block> first;
  return first_header(*reader, first);
}

std::expected<JournalContents, std::string> read_journal(const std::filesystem::path& path) {
  auto reader = JournalReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  std::optional<Block> block;
  auto header = first_header(*reader, block);
  if (!header) return std::unexpected(header.error());
  ContentsBuilder builder;
  builder.contents().header = std::move(*header);
  for (; block; block = reader->next()) {
    if (!builder.add(std::move(*block)))
      return std::unexpected(fmt::format("{}: the records before byte {} contradict each other",
                                         path.string(), reader->offset()));
  }
  JournalContents contents = builder.finish();
  contents.end = reader->end();
  contents.end_message = reader->end_message();
  contents.octets_good = reader->offset();
  contents.octets_dropped = reader->file_octets() - reader->offset();
  if (contents.end == JournalEnd::kDamaged) ++contents.damage_count;
  return contents;
}

std::optional<std::string> why_not_resumed(const JournalHeader& earlier,
                                           const JournalHeader& wanted,
                                           std::chrono::seconds resume_within) {
  // By name, since what there is may differ too.
  const std::map<std::string, std::string> then(earlier.fingerprint.begin(),
                                                earlier.fingerprint.end());
  const std::map<std::string, std::string> now(wanted.fingerprint.begin(),
                                               wanted.fingerprint.end());
  std::string changed;
  const auto differs = [&](const std::string& name) {
    if (!changed.empty()) changed += ", ";
    changed += name;
  };
  for (const auto& [name, value] : now) {
    const auto before = then.find(name);
    if (before == then.end() || before->second != value) differs(name);
  }
  for (const auto& [name, value] : then) {
    if (!now.contains(name)) differs(name);
  }
  if (!changed.empty()) return fmt::format("not as in the run before: {}", changed);
  const std::int64_t age_s = wanted.started_unix_s - earlier.started_unix_s;
  if (age_s < 0) return "the run before began in the future";
  if (age_s > resume_within.count())
    return fmt::format("the run before began {:.1f} hours ago", static_cast<double>(age_s) / 3600);
  return std::nullopt;
}

std::expected<ExtractedCounts, std::string> extract_journal(const std::filesystem::path& path,
                                                            const std::filesystem::path& folder) {
  auto reader = JournalReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  auto findings = ZstdLineWriter::create(folder / "findings.ndjson.zst");
  if (!findings) return std::unexpected(findings.error());
  const std::filesystem::path degraded_path = folder / "degraded.ndjson";
  const std::filesystem::path hidden_path = folder / "hidden-caa.ndjson";
  std::ofstream degraded(degraded_path, std::ios::binary);
  std::ofstream hidden(hidden_path, std::ios::binary);
  ExtractedCounts counts;
  while (const auto block = reader->next()) {
    for (const Block::FindingText& finding : block->findings) {
      if (auto written = findings->append(finding.json); !written)
        return std::unexpected(written.error());
    }
    for (const std::string_view line : block->degraded) degraded << line << '\n';
    for (const std::string_view line : block->hidden_caa) hidden << line << '\n';
    counts.findings += block->findings.size();
    counts.degraded += block->degraded.size();
    counts.hidden_caa += block->hidden_caa.size();
  }
  if (reader->end() != JournalEnd::kWhole) return std::unexpected(reader->end_message());
  if (auto closed = findings->close(); !closed) return std::unexpected(closed.error());
  degraded.close();
  if (!degraded) return std::unexpected(system_error("write", degraded_path, EIO));
  hidden.close();
  if (!hidden) return std::unexpected(system_error("write", hidden_path, EIO));
  return counts;
}

struct JournalWriter::Impl {
  using Clock = std::chrono::steady_clock;

  Impl(std::filesystem::path file_path, int descriptor, std::uint64_t file_octets)
      : path(std::move(file_path)),
        fd(descriptor),
        offset(file_octets),
        compressor(ZSTD_createCCtx()) {
    CAASCAN_ASSERT(compressor != nullptr);
    ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  }
  ~Impl() {
    stop();
    if (fd >= 0) ::close(fd);
  }

  std::expected<void, std::string> write_all(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t written = ::write(fd, octets.data(), octets.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return std::unexpected(system_error("write", path, errno));
      }
      octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::expected<void, std::string> write_block() {
    if (latest_counts) {
      append_record(block, RecordType::kCounts,
                    scan_counts_to_json(counts_over_starts(earlier_counts, *latest_counts)));
      latest_counts.reset();
    }
    if (block.empty()) return {};
    if (block.size() > kJournalBlockOctetsMax)
      return std::unexpected(fmt::format("{}: a record is too large", path.string()));
    stored.resize(kBlockHeaderOctets + ZSTD_compressBound(block.size()));
    const std::size_t size =
        ZSTD_compress2(compressor.get(), stored.data() + kBlockHeaderOctets,
                       stored.size() - kBlockHeaderOctets, block.data(), block.size());
    CAASCAN_ASSERT(ZSTD_isError(size) == 0);
    stored.resize(kBlockHeaderOctets + size);
    put_u32(stored.data(), static_cast<std::uint32_t>(size));
    put_u32(stored.data() + 4, static_cast<std::uint32_t>(block.size()));
    put_u32(stored.data() + 8,
            checksum(offset, std::string_view(stored).substr(kBlockHeaderOctets)));
    put_u32(stored.data() + 12, checksum(offset, std::string_view(stored).substr(0, 12)));
    block.clear();
    if (auto written = write_all(stored); !written) return written;
    offset += stored.size();
    octets_unsynced += stored.size();
    return {};
  }

  std::expected<void, std::string> sync() {
    if (auto written = write_block(); !written) return written;
    if (octets_unsynced == 0) return {};
    if (::fdatasync(fd) != 0) return std::unexpected(system_error("sync", path, errno));
    octets_unsynced = 0;
    names_durable = names_taken;
    findings_durable = findings_taken;
    return {};
  }

  void append(RecordType type, std::string_view record) {
    append_record(block, type, record);
    if (block.size() >= kJournalBlockOctets && result) result = write_block();
  }

  void take(const JournalBatch& batch) {
    for (const NamesMark& mark : batch.marks) {
      body.clear();
      put_number(body, mark.names);
      put_number(body, mark.digest);
      append(RecordType::kMark, body);
    }
    // Before they end: a block may be written between any two records.
    for (const FailedName& name : batch.failed) {
      body.clear();
      put_failed(body, name);
      append(RecordType::kFailed, body);
    }
    for (const AliveName& name : batch.alive) {
      body.clear();
      put_text(body, name.nameserver);
      put_text(body, name.name);
      append(RecordType::kAlive, body);
    }
    if (!batch.ended.empty()) {
      body.clear();
      put_ended(body, batch.ended);
      append(RecordType::kEnded, body);
    }
    for (const JournaledFinding& entry : batch.findings) {
      body.clear();
      put_number(body, entry.number);
      put_number(body, static_cast<std::uint64_t>(entry.finding->outcome));
      body += finding_to_json(*entry.finding);
      append(RecordType::kFinding, body);
    }
    for (const DegradedZone& zone : batch.degraded)
      append(RecordType::kDegraded, degraded_zone_to_json(zone));
    for (const HiddenCaa& hidden : batch.hidden_caa)
      append(RecordType::kHiddenCaa, hidden_caa_to_json(hidden));
    if (batch.counts) latest_counts = batch.counts;
    names_taken += batch.ended.size() + batch.findings.size();
    findings_taken += batch.findings.size();
  }

  void run() {
    Clock::time_point next_write = Clock::now() + kWriteInterval;
    Clock::time_point next_sync = Clock::now() + kSyncInterval;
    std::unique_lock lock(mutex);
    while (true) {
      not_empty.wait_until(lock, block.empty() ? next_sync : std::min(next_write, next_sync),
                           [this] { return !queue.empty() || closed; });
      std::deque<JournalBatch> taken = std::exchange(queue, {});
      const bool last = closed;
      lock.unlock();
      not_full.notify_all();
      for (const JournalBatch& batch : taken) {
        if (result) take(batch);
      }
      taken.clear();
      const Clock::time_point now = Clock::now();
      if (last || now >= next_sync || octets_unsynced >= kSyncOctetsMax) {
        if (result) result = sync();
        next_sync = now + kSyncInterval;
      } else if (now >= next_write) {
        if (result) result = write_block();
        next_write = now + kWriteInterval;
      }
      if (!result) failed = true;
      lock.lock();
      if (!result && error.empty()) {
        error = result.error();
        not_full.notify_all();
      }
      if (last && queue.empty()) return;
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      closed = true;
    }
    not_empty.notify_all();
    not_full.notify_all();
    if (thread.joinable()) thread.join();
  }

  std::filesystem::path path;
  int fd;

  std::mutex mutex;
  std::condition_variable not_empty, not_full;
  std::deque<JournalBatch> queue;  // under the mutex, as the next two
  bool closed = false;
  std::string error;
  std::atomic<bool> failed{false};
  std::atomic<std::uint64_t> names_durable{0}, findings_durable{0};

  // The writer's thread alone, once it runs.
  std::uint64_t offset;  // of the block under way, in the file
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
  std::string block, body, stored;
  ScanCounts earlier_counts;
  std::optional<ScanCounts> latest_counts;
  std::size_t octets_unsynced = 0;
  std::uint64_t names_taken = 0, findings_taken = 0;
  std::expected<void, std::string> result;  // the first error stays

  std::thread thread;
};

JournalWriter::JournalWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([made = impl_.get()] { made->run(); });
}
JournalWriter::JournalWriter(JournalWriter&&) noexcept = default;
JournalWriter::~JournalWriter() = default;

namespace {

void put_start(std::string& block, std::int64_t now_unix_s, bool after_damage) {
  std::string body;
  put_signed(body, now_unix_s);
  put_number(body, after_damage ? 1 : 0);
  append_record(block, RecordType::kStart, body);
}

}  // namespace

std::expected<JournalWriter, std::string> JournalWriter::create(const std::filesystem::path& path,
                                                                const JournalHeader& header,
                                                                std::int64_t now_unix_s) {
  // Under another name until the header is on disk: there is no journal with half of one.
  std::filesystem::path begun = path;
  begun += ".new";
  const int fd = ::open(begun.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(system_error("create", begun, errno));
  auto impl = std::make_unique<Impl>(path, fd, kFormatLine.size());
  std::string body;
  put_header(body, header);
  append_record(impl->block, RecordType::kHeader, body);
  put_start(impl->block, now_unix_s, false);
  if (auto written = impl->write_all(kFormatLine); !written)
    return std::unexpected(written.error());
  if (auto synced = impl->sync(); !synced) return std::unexpected(synced.error());
  if (::rename(begun.c_str(), path.c_str()) != 0)
    return std::unexpected(system_error("create", path, errno));
  if (auto synced = sync_folder_of(path); !synced) return std::unexpected(synced.error());
  return JournalWriter(std::move(impl));
}

std::expected<JournalWriter, std::string> JournalWriter::resume(const std::filesystem::path& path,
                                                                const JournalContents& contents,
                                                                std::int64_t now_unix_s) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("open", path, errno));
  auto impl = std::make_unique<Impl>(path, fd, contents.octets_good);
  if (::ftruncate(fd, static_cast<off_t>(contents.octets_good)) != 0)
    return std::unexpected(system_error("cut", path, errno));
  put_start(impl->block, now_unix_s, contents.end == JournalEnd::kDamaged);
  impl->earlier_counts = contents.counts;
  impl->names_taken = contents.counts.names_total;
  for (const Outcome outcome : {Outcome::kServfail, Outcome::kTimeout}) {
    impl->findings_taken += contents.counts.names_by_outcome[static_cast<std::size_t>(outcome)];
  }
  if (auto synced = impl->sync(); !synced) return std::unexpected(synced.error());
  return JournalWriter(std::move(impl));
}

bool JournalWriter::submit(JournalBatch&& batch) {
  if (batch.empty()) return !impl_->failed;
  std::unique_lock lock(impl_->mutex);
  impl_->not_full.wait(lock, [this] {
    return impl_->queue.size() < kJournalBatchesMax || impl_->closed || impl_->failed;
  });
  if (impl_->closed || impl_->failed) return false;
  impl_->queue.push_back(std::move(batch));
  lock.unlock();
  impl_->not_empty.notify_one();
  return true;
}

bool JournalWriter::failed() const {
  return impl_->failed;
}
std::uint64_t JournalWriter::names_durable() const {
  return impl_->names_durable;
}
std::uint64_t JournalWriter::findings_durable() const {
  return impl_->findings_durable;
}

std::expected<void, std::string> JournalWriter::close() {
  impl_->stop();
  if (!impl_->error.empty()) return std::unexpected(impl_->error);
  return {};
}

}  // namespace caascan
