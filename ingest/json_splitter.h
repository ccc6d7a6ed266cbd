// Cuts a stream of JSON into the objects that stand for log entries, however the dump's tool has
// wrapped them.
//
// A get-entries response (RFC 6962 §4.6) can be larger than memory allows, so it is not parsed as
// one document. The splitter walks brackets and strings only, and hands out one object at a time:
// each object in the array "entries" of a top-level object, and each top-level object that has no
// such array. Top-level objects may follow each other with or without white space, stand one a
// line, or be the elements of a top-level array. What the objects say is for a real parser.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/byte_source.h"
#include "ingest/dump_handler.h"

namespace caascan::dump {

class JsonSplitter {
 public:
  // Log entries nest 2 levels; what tools add around them, a few more.
  static constexpr std::size_t kDepthMax = 64;
  // Two certificates of the largest size that RFC 6962 allows, in base64, and room for the rest.
  static constexpr std::size_t kObjectOctetsMax = std::size_t{64} << 20U;

  // Objects of more than `object_octets_max` are reported as damage and skipped. Damage goes to
  // `handler`. Both are borrowed.
  JsonSplitter(Input& input, DumpHandler& handler, std::size_t object_octets_max);

  // Moves to the next object; false at the end. After an error, which is reported, the search goes
  // on at the next line that starts with a bracket.
  [[nodiscard]] bool next();

  // Valid until the next call of `next`; `Input::kPaddingOctets` behind it can be read.
  [[nodiscard]] std::string_view object() const { return input_.view().substr(0, object_octets_); }
  [[nodiscard]] std::uint64_t object_offset() const { return input_.offset(); }
  // Whether the object stood in "entries".
  [[nodiscard]] bool inside_entries() const { return place_ == Place::kEntries; }

 private:
  // Where the octet at the front of the input stands.
  enum class Place : std::uint8_t { kTop, kTopArray, kEntries };
  enum class Expect : std::uint8_t { kKeyOrEnd, kKey, kColon, kValueOrEnd, kValue, kCommaOrEnd };
  enum class Walk : std::uint8_t { kDone, kEntriesArray, kCut, kBad };

  bool need();
  bool skip_blanks();
  Walk walk_string();
  Walk walk_from(std::size_t depth, Expect expect, bool stop_at_entries);
  bool start_object();
  bool start_entry();
  bool keep_object();
  void finish_response();
  void give_up_oversized();
  void give_up_rest();
  void report(std::string what);
  void resynchronise();
  void cut();

  Input& input_;
  DumpHandler& handler_;
  std::size_t object_octets_max_;
  std::size_t object_octets_ = 0;  // of the object handed out, 0 before
  std::size_t at_ = 0;             // what is looked at, in `input_.view()`
  bool discarding_ = false;        // what was walked over need not stay in the buffer
  bool oversized_ = false;         // the object walked over has been given up
  bool newline_before_ = true;     // the front of the input is the first thing on its line
  bool recovering_ = false;        // closing brackets of a broken document may come
  bool in_top_array_ = false;
  Place place_ = Place::kTop;
  Expect expect_ = Expect::kValueOrEnd;  // in a top-level array or in "entries"
  std::array<char, kDepthMax> open_{};   // opening brackets walked into
};

}  // namespace caascan::dump
