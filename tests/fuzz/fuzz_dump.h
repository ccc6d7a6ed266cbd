// What the fuzzers of the dump readers share: a source over the fuzzer's bytes, and a handler that
// checks what it is told.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/assert.h"
#include "ingest/byte_source.h"
#include "ingest/dump_handler.h"

namespace caascan::fuzz {

// Gives `bytes`, which it borrows, in pieces of at most `step`.
class BytesSource final : public dump::ByteSource {
 public:
  BytesSource(std::string_view bytes, std::size_t step) : bytes_(bytes), step_(step) {}
  std::size_t read(std::span<char> out) override {
    const std::size_t count = std::min({out.size(), step_, bytes_.size()});
    std::copy_n(bytes_.data(), count, out.data());
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  std::size_t step_;
};

// Keeps all it is told as text, so that two readings can be compared.
class RecordingHandler final : public dump::DumpHandler {
 public:
  explicit RecordingHandler(std::size_t input_octets) : input_octets_(input_octets) {}

  void on_entry(const dump::LogEntry& entry) override {
    ++entries;
    told.push_back((entry.precertificate ? "precertificate " : "certificate ") +
                   std::string(entry.certificate));
  }
  void on_unknown_entry() override { told.emplace_back("unknown"); }
  void on_list_line(std::string_view line) override { told.push_back("line " + std::string(line)); }
  void on_damage(std::uint64_t offset_bytes, std::string what) override {
    CAASCAN_ASSERT(offset_bytes <= input_octets_);
    CAASCAN_ASSERT(!what.empty());
    told.push_back(std::to_string(offset_bytes) + " " + what);
  }
  void on_wait() override {}
  [[nodiscard]] bool stopped() const override { return false; }

  std::size_t entries = 0;
  std::vector<std::string> told;

 private:
  std::size_t input_octets_;
};

}  // namespace caascan::fuzz
