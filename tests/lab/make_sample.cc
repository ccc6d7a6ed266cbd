// Makes the sample dump: the certificates of tests/lab/names.tsv, as a get-entries response and as
// a tile tree. The same table gives the same bytes on every machine: keys come from texts, times
// from a fixed day.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/support/compress.h"
#include "tests/support/log_builder.h"

namespace {

namespace fs = std::filesystem;
using caascan::test::CertificateAuthority;
using caascan::test::CertificateSpec;
using caascan::test::LogSubmission;

// 2026-11-01T00:00:00Z: day 0 of the table, and the `--at` of scripts/run.
constexpr std::int64_t kDayZeroUnix_s = 1'793'491'200;
constexpr std::int64_t kDay_s = 86400;

struct Row {
  std::string entry, issuer, field, name;
  std::int64_t not_before_days = 0, not_after_days = 0;
};

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

// `\DDD` back to the octet it stands for.
std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 3))));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) {
    std::cerr << "make_sample: cannot write " << path.string() << '\n';
    std::exit(1);
  }
  std::cout << path.string() << ": " << bytes.size() << " octets\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_sample NAMES.TSV FOLDER\n";
    return 2;
  }
  std::ifstream table(argv[1]);
  if (!table) {
    std::cerr << "make_sample: cannot read " << argv[1] << '\n';
    return 1;
  }
  std::map<int, std::vector<Row>> certificates;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> fields = split(line);
    if (fields.size() < 7) {
      std::cerr << "make_sample: too few fields: " << line << '\n';
      return 1;
    }
    certificates[std::stoi(fields[0])].push_back({fields[1], fields[2], fields[5],
                                                  unescape(fields[6]), std::stoll(fields[3]),
                                                  std::stoll(fields[4])});
  }
  std::map<std::string, CertificateAuthority> authorities;
  std::vector<LogSubmission> submissions;
  for (const auto& [number, rows] : certificates) {
    const Row& first = rows.front();
    const auto [authority, added] = authorities.try_emplace(
        first.issuer, "caascan sample key of " + first.issuer, first.issuer, first.issuer + " S1");
    CertificateSpec spec;
    spec.serial_hex = fmt::format("04ca5c{:08x}", number);
    spec.not_before_unix_s = kDayZeroUnix_s + first.not_before_days * kDay_s;
    spec.not_after_unix_s = kDayZeroUnix_s + first.not_after_days * kDay_s;
    for (const Row& row : rows) {
      if (row.field == "cn") {
        spec.subject_common_name = row.name;
      } else {
        spec.dns_names.push_back(row.name);
      }
    }
    submissions.push_back(first.entry == "precert" ? precert_entry(authority->second, spec)
                                                   : final_entry(authority->second, spec));
  }
  const fs::path folder = argv[2];
  write(folder / fmt::format("get-entries/0-{}.json.zst", submissions.size() - 1),
        caascan::test::zstd(get_entries_json(submissions)));
  write(folder / fmt::format("log/tile/data/000.p/{}", submissions.size()),
        caascan::test::gzip(data_tile(submissions)));
  return 0;
}
