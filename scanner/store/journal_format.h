// What a journal is made of, between values and octets: records, blocks, checksums. Nothing of
// files or threads. Format in docs/FORMATS.md, "Journal".
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/finding.h"
#include "scanner/run_progress.h"
#include "scanner/store/journal.h"

namespace caascan::journal {

inline constexpr std::string_view kFormatLine = "caascan journal 1\n";
inline constexpr std::size_t kBlockHeaderOctets = 16;

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

// Numbers take as many octets as they need, seven bits in each, the lowest first.
void put_number(std::string& out, std::uint64_t value);
void put_signed(std::string& out, std::int64_t value);
void put_text(std::string& out, std::string_view text);
// Four octets at `to`, the lowest first.
void put_u32(char* to, std::uint32_t value);
[[nodiscard]] std::uint32_t load_u32(const char* from);

// The bodies of records.
void put_header(std::string& out, const JournalHeader& header);
void put_failed(std::string& out, const FailedName& failed);
void put_ended(std::string& out, const std::vector<EndedName>& ended);
void append_record(std::string& block, RecordType type, std::string_view body);

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

// Nothing where the content of a block is not what a writer makes.
[[nodiscard]] std::optional<Block> take_block(std::string_view content);

// Of a block's octets; over where the block stands too, so that one that was moved shows.
[[nodiscard]] std::uint32_t checksum(std::uint64_t offset, std::string_view octets);

// "cannot DOING PATH: WHY".
[[nodiscard]] std::string system_error(std::string_view doing, const std::filesystem::path& path,
                                       int error);

}  // namespace caascan::journal
