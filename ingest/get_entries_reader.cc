#include "ingest/get_entries_reader.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include "ingest/base64.h"
#include "ingest/domain_name.h"
#include "ingest/json_splitter.h"
#include "ingest/leaf.h"

namespace caascan::dump {
namespace {

static_assert(Input::kPaddingOctets >= simdjson::SIMDJSON_PADDING);

namespace ondemand = simdjson::ondemand;

// What the keys of an object that is no log entry say it is.
enum class ObjectKind : std::uint8_t {
  kUnknown,
  kEntry,
  kNoEntries,  // "entries" that is no array, as `null` for an empty response
  kError,
  kNamesTile,
  kLogList,
  kCertstream,
  kCrtSh,
  kDnsDump,
  kCensys,
};

struct KeyMeaning {
  std::string_view key;
  ObjectKind kind;
};
// The first key of an object that stands here tells its kind; "leaf_input" overrules them all.
constexpr std::array kKeyMeanings = {
    KeyMeaning{"entries", ObjectKind::kNoEntries},
    KeyMeaning{"error_message", ObjectKind::kError},
    KeyMeaning{"Timestamp", ObjectKind::kNamesTile},
    KeyMeaning{"Index", ObjectKind::kNamesTile},
    KeyMeaning{"log_id", ObjectKind::kLogList},
    KeyMeaning{"operators", ObjectKind::kLogList},
    KeyMeaning{"message_type", ObjectKind::kCertstream},
    KeyMeaning{"data", ObjectKind::kCertstream},
    KeyMeaning{"issuer_ca_id", ObjectKind::kCrtSh},
    KeyMeaning{"hostname", ObjectKind::kDnsDump},
    KeyMeaning{"parsed", ObjectKind::kCensys},
    KeyMeaning{"fingerprint_sha256", ObjectKind::kCensys},
};

ObjectKind kind_of_key(std::string_view key) {
  for (const KeyMeaning& meaning : kKeyMeanings) {
    if (meaning.key == key) return meaning.kind;
  }
  return ObjectKind::kUnknown;
}

std::string_view kind_text(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kCertstream:
      return "certstream messages";
    case ObjectKind::kCrtSh:
      return "crt.sh JSON";
    case ObjectKind::kDnsDump:
      return "a DNS dump in JSON";
    case ObjectKind::kCensys:
      return "Censys certificates in JSON";
    default:
      return "";
  }
}

class EntryParser {
 public:
  EntryParser(DumpHandler& handler) : handler_(handler) {}

  // Parses `object` and hands its leaf on. `object` has `Input::kPaddingOctets` behind it.
  ObjectKind parse(std::string_view object, std::uint64_t offset) {
    kind_ = ObjectKind::kUnknown;
    have_leaf_ = false;
    leaf_decodes_ = false;
    error_message_.clear();
    const simdjson::error_code error = walk(object);
    // An error behind `leaf_input` takes nothing away from it.
    if (have_leaf_) {
      give_leaf(offset);
      kind_ = ObjectKind::kEntry;
    }
    if (error != simdjson::SUCCESS) {
      handler_.on_damage(offset, "JSON syntax error");
      kind_ = ObjectKind::kEntry;
    }
    return kind_;
  }

  [[nodiscard]] const std::string& error_message() const { return error_message_; }

 private:
  simdjson::error_code walk(std::string_view bytes) {
    ondemand::document document;
    ondemand::object object;
    const simdjson::padded_string_view padded(bytes.data(), bytes.size(),
                                              bytes.size() + Input::kPaddingOctets);
    if (const auto error = parser_.iterate(padded).get(document)) return error;
    if (const auto error = document.get_object().get(object)) return error;
    for (auto next : object) {
      ondemand::field field;
      if (const auto error = std::move(next).get(field)) return error;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      if (key == "leaf_input") {
        // Of two equal keys the first counts.
        if (have_leaf_) continue;
        std::string_view text;
        if (const auto error = field.value().get_string().get(text)) return error;
        have_leaf_ = true;
        leaf_decodes_ = decode_base64(text, leaf_);
      } else if (kind_ == ObjectKind::kUnknown) {
        kind_ = kind_of_key(key);
        std::string_view text;
        if (kind_ == ObjectKind::kError && !field.value().get_string().get(text)) {
          error_message_ = text;
        }
      }
    }
    return simdjson::SUCCESS;
  }

  void give_leaf(std::uint64_t offset) {
    LogEntry entry;
    if (!leaf_decodes_) {
      handler_.on_damage(offset, "leaf_input is not base64");
      return;
    }
    switch (read_merkle_tree_leaf(leaf_, entry)) {
      case LeafStatus::kEntry:
        handler_.on_entry(entry);
        return;
      case LeafStatus::kUnknownType:
        handler_.on_unknown_entry();
        return;
      case LeafStatus::kCut:
      case LeafStatus::kCorrupt:
        handler_.on_damage(offset, "leaf_input is cut");
        return;
    }
  }

  DumpHandler& handler_;
  ondemand::parser parser_;
  ObjectKind kind_ = ObjectKind::kUnknown;
  bool have_leaf_ = false;
  bool leaf_decodes_ = false;
  std::string leaf_;
  std::string error_message_;
};

}  // namespace

JsonOutcome read_get_entries(Input& input, DumpHandler& handler, std::size_t memory_bytes) {
  constexpr std::size_t kObjectOctetsLeast = std::size_t{1} << 20U;
  JsonSplitter splitter(
      input, handler,
      std::clamp(memory_bytes / 8, kObjectOctetsLeast, JsonSplitter::kObjectOctetsMax));
  EntryParser parser(handler);
  bool first = true;
  while (splitter.next()) {
    const std::uint64_t offset = splitter.object_offset();
    const ObjectKind kind = parser.parse(splitter.object(), offset);
    if (kind == ObjectKind::kEntry) {
      first = false;
      continue;
    }
    if (splitter.inside_entries()) {
      handler.on_damage(offset, "log entry without leaf_input");
      continue;
    }
    switch (kind) {
      case ObjectKind::kNoEntries:
        break;
      case ObjectKind::kError:
        handler.on_damage(offset, "the log's error message instead of entries: \"" +
                                      escape_for_print(parser.error_message()) + "\"");
        break;
      case ObjectKind::kNamesTile:
      case ObjectKind::kLogList:
        if (first) return JsonOutcome::kSkipped;
        [[fallthrough]];
      default:
        if (!kind_text(kind).empty()) {
          handler.on_damage(offset, std::string(kind_text(kind)) + ", not read yet");
          return JsonOutcome::kRead;
        }
        handler.on_damage(offset, "JSON object is neither a get-entries response nor a log entry");
    }
    first = false;
  }
  return JsonOutcome::kRead;
}

}  // namespace caascan::dump
