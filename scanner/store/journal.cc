// Reading a journal. Writing: journal_writer.cc.
#include "scanner/store/journal.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <span>
#include <utility>

#include "scanner/store/journal_format.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

using journal::Block;
using journal::checksum;
using journal::kBlockHeaderOctets;
using journal::kFormatLine;
using journal::load_u32;
using journal::system_error;

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
    auto block = size == content ? journal::take_block(content_) : std::nullopt;
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
    contents_.counts.names_past_deadline = 0;  // they are open again
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

}  // namespace caascan
