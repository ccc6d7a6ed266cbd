#include "ingest/sniff.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>

#include "ingest/der_walk.h"
#include "ingest/leaf.h"

namespace caascan::dump {
namespace {

constexpr std::size_t kSampleOctetsMax = std::size_t{64} << 10U;
constexpr std::size_t kHashTileOctetsMax = 8192;  // 256 hashes (static-ct-api, "Merkle Tree")
constexpr std::size_t kHashOctets = 32;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

// The folder that a tile's number hangs under: `0` for `tile/0/x001/067`, `data` for
// `tile/data/067.p/8`. Empty where the path does not end in a tile's number.
std::string tile_folder(std::string_view path_text) {
  const std::filesystem::path path = std::filesystem::path(path_text).lexically_normal();
  std::vector<std::string> parts;
  for (const auto& part : path) parts.push_back(part.string());
  const auto is_group = [](std::string_view part) { return part.size() == 3 && is_digits(part); };
  if (parts.size() >= 2 && is_digits(parts.back()) && parts[parts.size() - 2].ends_with(".p")) {
    parts.pop_back();
    parts.back().resize(parts.back().size() - 2);
  }
  if (parts.empty() || !is_group(parts.back())) return {};
  parts.pop_back();
  while (!parts.empty() && parts.back().starts_with('x') && is_group(parts.back().substr(1))) {
    parts.pop_back();
  }
  return parts.empty() ? std::string() : parts.back();
}

struct Magic {
  std::string_view bytes;
  std::string_view what;
};
using namespace std::string_view_literals;
constexpr std::array kMagics = {
    Magic{"\xfd\x37\x7a\x58\x5a\x00"sv, "xz-compressed data"},
    Magic{"BZh"sv, "bzip2-compressed data"},
    Magic{"PK\x03\x04"sv, "a zip archive"},
    Magic{"PK\x05\x06"sv, "a zip archive"},
    Magic{"\x04\x22\x4d\x18"sv, "lz4-compressed data"},
    Magic{"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive"},
    Magic{"PAR1"sv, "a Parquet file"},
    Magic{"Obj\x01"sv, "an Avro file"},
    Magic{"PGDMP"sv, "a PostgreSQL dump"},
};

Sniffed unsupported(std::string_view what) {
  return {Format::kUnsupported, std::string(what) + ", not read yet"};
}

Sniffed foreign(std::string_view what) {
  return {Format::kForeign, "not a CT format: " + std::string(what)};
}

// Octets that text does not have: control characters other than white space, and what is not UTF-8.
// Lists may hold a few of them in broken names.
bool is_text(std::string_view sample) {
  std::size_t odd = 0;
  std::size_t continuations = 0;
  for (const char c : sample) {
    const auto octet = static_cast<unsigned char>(c);
    if (continuations > 0 && (octet & 0xc0U) == 0x80U) {
      --continuations;
      continue;
    }
    odd += continuations > 0;
    continuations = 0;
    if (octet >= 0xc2 && octet <= 0xf4) {
      continuations = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
    } else if (octet >= 0x80 || octet == 0x7f || (octet < 0x20 && (octet < 0x09 || octet > 0x0d))) {
      ++odd;
    }
  }
  return odd * 10 <= sample.size();
}

bool starts_without_case(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (std::size_t at = 0; at < lower_prefix.size(); ++at) {
    const char c = text[at];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != lower_prefix[at]) return false;
  }
  return true;
}

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// C2SP tlog-checkpoint: origin, tree size, root hash in base64 of 44 characters, each a line.
bool is_checkpoint(std::string_view text) {
  const std::string_view origin = first_line(text);
  if (origin.empty() || origin.size() >= text.size()) return false;
  const std::string_view after_origin = text.substr(text.find('\n') + 1);
  const std::string_view size = first_line(after_origin);
  if (!is_digits(size) || size.size() >= after_origin.size()) return false;
  const std::string_view root = first_line(after_origin.substr(size.size() + 1));
  return root.size() == 44 && root.ends_with('=');
}

// Axeman: log, index, 64 hex digits, base64 DER, …
bool is_axeman(std::string_view line) {
  std::array<std::string_view, 4> fields;
  for (std::string_view& field : fields) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos) return false;
    field = line.substr(0, comma);
    line.remove_prefix(comma + 1);
  }
  return is_digits(fields[1]) && fields[2].size() == 64 && is_hex(fields[2]);
}

bool is_ranked(std::string_view line) {
  const std::size_t comma = line.find(',');
  return line.starts_with("GlobalRank,") ||
         (comma != std::string_view::npos && is_digits(line.substr(0, comma)));
}

Sniffed sniff_text(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n\v\f");
  if (start == std::string_view::npos) return {Format::kList, {}};
  const std::string_view body = text.substr(start);
  if (body.front() == '{' || body.front() == '[') return {Format::kJson, {}};
  if (starts_without_case(body, "<!doctype html") || starts_without_case(body, "<html")) {
    return foreign("HTML");
  }
  if (starts_without_case(body, "<?xml")) return foreign("XML");
  if (body.starts_with("-----BEGIN") || text.contains("\n-----BEGIN ")) {
    return unsupported("PEM certificates");
  }
  if (is_checkpoint(body)) return {Format::kSkipped, {}};
  const std::string_view line = first_line(body);
  if (is_axeman(line)) return unsupported("Axeman CSV");
  if (is_ranked(line)) return unsupported("a ranked list in CSV");
  if (line.starts_with('$') || line.starts_with(';')) return unsupported("a zone file");
  return {Format::kList, {}};
}

// A DER SEQUENCE of a SEQUENCE with at least 127 octets, as every certificate is.
bool is_der_certificate(std::string_view bytes) {
  return bytes.size() > 4 && bytes[0] == '\x30' && (bytes[1] == '\x82' || bytes[1] == '\x81') &&
         bytes[bytes[1] == '\x82' ? 4 : 3] == '\x30';
}

// A first entry whose certificate is no DER, in a frame that closes, makes a data tile too; and so
// does an entry type to come.
bool frames_as_tile(std::string_view bytes) {
  if (!bytes.starts_with("\x00\x00\x01"sv)) return false;
  ByteCursor cursor(bytes);
  LogEntry entry;
  switch (read_tile_leaf(cursor, entry)) {
    case LeafStatus::kEntry:
      return true;
    case LeafStatus::kUnknownType:
      return bytes.size() > 10 && bytes[8] == '\x80';
    case LeafStatus::kCut:
    case LeafStatus::kCorrupt:
      return false;
  }
  return false;
}

}  // namespace

Sniffed sniff(Input& input, std::string_view path) {
  input.fill(kSampleOctetsMax);
  const std::string_view sample = input.view().substr(0, kSampleOctetsMax);
  if (sample.empty()) return {Format::kEmpty, "empty file"};
  if (looks_like_tile_leaf(sample) || frames_as_tile(sample)) return {Format::kDataTile, {}};
  for (const Magic& magic : kMagics) {
    if (sample.starts_with(magic.bytes)) return unsupported(magic.what);
  }
  constexpr std::size_t kTarMagicOffset = 257;
  if (sample.size() > kTarMagicOffset && sample.substr(kTarMagicOffset).starts_with("ustar")) {
    return unsupported("a tar archive");
  }
  if (sample.starts_with("\xef\xbb\xbf")) return sniff_text(sample.substr(3));
  if (is_der_certificate(sample)) {
    const std::string name = std::filesystem::path(path).filename().string();
    if (name.size() == 64 && is_hex(name)) return {Format::kSkipped, {}};
    return unsupported("a DER certificate");
  }
  if (is_text(sample)) return sniff_text(sample);

  const std::string folder = tile_folder(path);
  if (is_digits(folder) && input.view().size() <= kHashTileOctetsMax &&
      sample.size() % kHashOctets == 0) {
    return {Format::kSkipped, {}};
  }
  if (folder == "entries") return unsupported("a tlog-tiles entry bundle");
  return foreign("binary data");
}

}  // namespace caascan::dump
