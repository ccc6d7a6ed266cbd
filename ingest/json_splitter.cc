#include "ingest/json_splitter.h"

#include <algorithm>
#include <utility>

namespace caascan::dump {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// A character of a number or of `true`, `false`, `null`.
bool is_scalar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' ||
         c == 'E';
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

JsonSplitter::JsonSplitter(Input& input, DumpHandler& handler, std::size_t object_octets_max)
    : input_(input), handler_(handler), object_octets_max_(object_octets_max) {}

// Gives the object that starts at the front of the input up, where it has become too large to keep.
void JsonSplitter::give_up_oversized() {
  if (discarding_ || at_ <= object_octets_max_) return;
  handler_.on_damage(input_.offset(),
                     "JSON object is larger than " + std::to_string(object_octets_max_) + " bytes");
  discarding_ = true;
  oversized_ = true;
}

// Makes the octet at `at_` available.
bool JsonSplitter::need() {
  while (at_ >= input_.view().size()) {
    if (handler_.stopped()) return false;
    give_up_oversized();
    if (discarding_) {
      const std::size_t walked = input_.view().size();
      input_.consume(walked);
      at_ -= walked;
    }
    handler_.on_wait();
    if (!input_.more()) return false;
  }
  return true;
}

// Consumes white space and byte order marks between values.
bool JsonSplitter::skip_blanks() {
  while (true) {
    const std::string_view view = input_.view();
    std::size_t blanks = 0;
    while (blanks < view.size() && is_blank(view[blanks])) {
      if (view[blanks] == '\n') newline_before_ = true;
      ++blanks;
    }
    input_.consume(blanks);
    if (input_.view().starts_with(kByteOrderMark[0]) && input_.fill(kByteOrderMark.size()) &&
        input_.view().starts_with(kByteOrderMark)) {
      input_.consume(kByteOrderMark.size());
      continue;
    }
    if (!input_.view().empty()) return true;
    if (handler_.stopped()) return false;
    handler_.on_wait();
    if (!input_.more()) return false;
  }
}

// From the opening quote at `at_` to behind the closing one. A string that runs over the end of a
// line has lost its end (RFC 8259 §7 forbids control characters); `at_` is then at the line feed.
JsonSplitter::Walk JsonSplitter::walk_string() {
  std::size_t start = at_ + 1;
  std::size_t from = start;
  while (true) {
    const std::string_view view = input_.view();
    const std::size_t quote = from < view.size() ? view.find('"', from) : std::string_view::npos;
    const std::size_t end = quote == std::string_view::npos ? view.size() : quote;
    if (from < end) {
      const std::size_t newline = view.substr(0, end).find('\n', from);
      if (newline != std::string_view::npos) {
        at_ = newline;
        return Walk::kBad;
      }
    }
    std::size_t backslashes = 0;
    while (end - backslashes > start && view[end - backslashes - 1] == '\\') ++backslashes;
    if (quote != std::string_view::npos) {
      from = quote + 1;
      if (backslashes % 2 == 1) continue;
      at_ = from;
      return Walk::kDone;
    }
    // More is needed. Where the string need not be kept, `need` drops it all; whether its last
    // backslash escapes the octet to come is remembered here.
    from = end;
    at_ = end;
    give_up_oversized();
    if (!need()) return Walk::kCut;
    if (discarding_) start = from = backslashes % 2;
  }
}

// Walks on inside `depth` open brackets, whose kinds are in `open_`, to behind the last closing
// one.
JsonSplitter::Walk JsonSplitter::walk_from(std::size_t depth, Expect expect, bool stop_at_entries) {
  bool key_is_entries = false;
  while (true) {
    if (!need()) return Walk::kCut;
    const char c = input_.view()[at_];
    if (is_blank(c)) {
      ++at_;
      continue;
    }
    const bool closes = c == '}' || c == ']';
    if (closes && (expect == Expect::kKeyOrEnd || expect == Expect::kValueOrEnd ||
                   expect == Expect::kCommaOrEnd)) {
      if (open_[depth - 1] != (c == '}' ? '{' : '[')) return Walk::kBad;
      ++at_;
      if (--depth == 0) return Walk::kDone;
      expect = Expect::kCommaOrEnd;
      continue;
    }
    switch (expect) {
      case Expect::kKeyOrEnd:
      case Expect::kKey: {
        if (c != '"') return Walk::kBad;
        const std::size_t key_start = at_;
        const bool keeps = !discarding_;
        if (const Walk walk = walk_string(); walk != Walk::kDone) return walk;
        key_is_entries = keeps && !discarding_ && depth == 1 &&
                         input_.view().substr(key_start, at_ - key_start) == "\"entries\"";
        expect = Expect::kColon;
        break;
      }
      case Expect::kColon:
        if (c != ':') return Walk::kBad;
        ++at_;
        expect = Expect::kValue;
        break;
      case Expect::kValueOrEnd:
      case Expect::kValue:
        if (c == '{' || c == '[') {
          ++at_;
          if (c == '[' && stop_at_entries && depth == 1 && key_is_entries) {
            return Walk::kEntriesArray;
          }
          if (depth == kDepthMax) return Walk::kBad;
          open_[depth++] = c;
          expect = c == '{' ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
        } else if (c == '"') {
          if (const Walk walk = walk_string(); walk != Walk::kDone) return walk;
          expect = Expect::kCommaOrEnd;
        } else if (is_scalar(c)) {
          do {
            ++at_;
          } while (need() && is_scalar(input_.view()[at_]));
          expect = Expect::kCommaOrEnd;
        } else {
          return Walk::kBad;
        }
        break;
      case Expect::kCommaOrEnd:
        if (c != ',') return Walk::kBad;
        ++at_;
        expect = open_[depth - 1] == '{' ? Expect::kKey : Expect::kValue;
        break;
    }
  }
}

void JsonSplitter::report(std::string what) {
  handler_.on_damage(input_.offset() + at_, std::move(what));
}

void JsonSplitter::cut() {
  if (input_.error() || handler_.stopped()) return;
  handler_.on_damage(input_.offset() + input_.view().size(), "JSON document is cut");
}

// After an error at `at_`: moves to the next bracket that is the first thing on its line, which may
// be the very octet that was one too many for what stood before it.
void JsonSplitter::resynchronise() {
  const std::string_view view = input_.view();
  std::size_t before = at_;
  while (before > 0 && is_blank(view[before - 1]) && view[before - 1] != '\n') --before;
  bool at_line_start = before == 0 ? newline_before_ : view[before - 1] == '\n';
  input_.consume(std::min(at_, view.size()));
  at_ = 0;
  discarding_ = false;
  oversized_ = false;
  recovering_ = true;
  in_top_array_ = false;
  place_ = Place::kTop;
  while (true) {
    const std::string_view rest = input_.view();
    if (at_line_start && !rest.empty() && (rest.front() == '{' || rest.front() == '[')) {
      newline_before_ = true;
      return;
    }
    // To behind the next line feed, then to the first octet that is not blank.
    std::size_t newline = 0;
    while ((newline = input_.view().find('\n')) == std::string_view::npos) {
      input_.consume(input_.view().size());
      handler_.on_wait();
      if (handler_.stopped() || !input_.more()) return;
    }
    input_.consume(newline + 1);
    newline_before_ = true;
    if (!skip_blanks()) return;
    if (input_.view().front() == '{' || input_.view().front() == '[') return;
    at_line_start = false;
  }
}

// At the `{` of a top-level object. True when it is complete and has no "entries" array.
bool JsonSplitter::start_object() {
  open_[0] = '{';
  at_ = 1;
  const Walk walk = walk_from(1, Expect::kKeyOrEnd, true);
  newline_before_ = false;
  switch (walk) {
    case Walk::kEntriesArray:
      input_.consume(at_);
      at_ = 0;
      place_ = Place::kEntries;
      expect_ = Expect::kValueOrEnd;
      return false;
    case Walk::kDone:
      expect_ = Expect::kCommaOrEnd;
      return keep_object();
    case Walk::kCut:
      give_up_rest();
      return false;
    case Walk::kBad:
      report("JSON syntax error");
      resynchronise();
      return false;
  }
  return false;
}

// Behind the `]` of "entries": walks over the rest of the response. A second "entries" in it does
// not count, as the first of two equal keys is the one that does.
void JsonSplitter::finish_response() {
  open_[0] = '{';
  at_ = 0;
  discarding_ = true;
  const Walk walk = walk_from(1, Expect::kCommaOrEnd, false);
  newline_before_ = false;
  if (walk == Walk::kBad) {
    report("JSON syntax error");
    resynchronise();
    return;
  }
  if (walk == Walk::kCut) {
    cut();
    in_top_array_ = false;
  }
  input_.consume(std::min(at_, input_.view().size()));
  at_ = 0;
  discarding_ = false;
  place_ = in_top_array_ ? Place::kTopArray : Place::kTop;
  expect_ = Expect::kCommaOrEnd;
}

// At the `{` of an element of "entries". True when it is complete.
bool JsonSplitter::start_entry() {
  open_[0] = '{';
  at_ = 1;
  const Walk walk = walk_from(1, Expect::kKeyOrEnd, true);
  newline_before_ = false;
  expect_ = Expect::kCommaOrEnd;
  switch (walk) {
    case Walk::kDone:
      return keep_object();
    case Walk::kEntriesArray:
      // A response that was cut behind a comma, and another one after it.
      handler_.on_damage(input_.offset(), "JSON syntax error");
      recovering_ = true;
      in_top_array_ = false;
      input_.consume(at_);
      expect_ = Expect::kValueOrEnd;
      return false;
    case Walk::kCut:
      give_up_rest();
      return false;
    case Walk::kBad:
      report("JSON syntax error");
      resynchronise();
      return false;
  }
  return false;
}

// The walked object is what `next` was called for, unless it was too large.
bool JsonSplitter::keep_object() {
  if (!oversized_) {
    object_octets_ = at_;
    return true;
  }
  input_.consume(at_);
  discarding_ = oversized_ = false;
  return false;
}

// The stream has ended inside something.
void JsonSplitter::give_up_rest() {
  cut();
  input_.consume(input_.view().size());
  discarding_ = oversized_ = false;
  place_ = Place::kTop;
  in_top_array_ = false;
}

bool JsonSplitter::next() {
  if (object_octets_ > 0) {
    input_.consume(object_octets_);
    object_octets_ = 0;
    newline_before_ = false;
  }
  while (!handler_.stopped()) {
    at_ = 0;
    if (!skip_blanks()) {
      if (place_ != Place::kTop) cut();
      return false;
    }
    const char c = input_.view().front();
    if (place_ == Place::kTop) {
      if (c == '[') {
        input_.consume(1);
        newline_before_ = false;
        place_ = Place::kTopArray;
        in_top_array_ = true;
        expect_ = Expect::kValueOrEnd;
      } else if (c == '{') {
        if (start_object()) return true;
      } else if (recovering_ && (c == ',' || c == ']' || c == '}')) {
        input_.consume(1);
      } else {
        report("JSON syntax error");
        resynchronise();
      }
      continue;
    }
    const bool value_may_come = expect_ == Expect::kValueOrEnd || expect_ == Expect::kValue;
    if (c == '{' && value_may_come) {
      if (place_ == Place::kTopArray ? start_object() : start_entry()) return true;
    } else if (c == ',' && expect_ == Expect::kCommaOrEnd) {
      input_.consume(1);
      newline_before_ = false;
      expect_ = Expect::kValue;
    } else if (c == ']' && expect_ != Expect::kValue) {
      input_.consume(1);
      newline_before_ = false;
      if (place_ == Place::kTopArray) {
        place_ = Place::kTop;
        in_top_array_ = false;
      } else {
        finish_response();
      }
    } else {
      report("JSON syntax error");
      resynchronise();
    }
  }
  return false;
}

}  // namespace caascan::dump
