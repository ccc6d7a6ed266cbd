// What the tests of this folder share: throw-away folders and made-up findings.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/finding.h"

namespace caascan::test {

// A folder of its own, gone with the object.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);
// Names of what lies in a folder, sorted.
std::vector<std::string> entries(const std::filesystem::path& folder);

// An attempt at an authoritative server that was answered with `rcode`.
Attempt answer(std::string qname, std::uint8_t rcode);

struct FindingSpec {
  std::string name;
  Outcome outcome = Outcome::kServfail;
  std::string zone = "";                      // empty: the name
  std::vector<std::string> nameservers = {};  // empty: ns1.example-dns.net
  std::string failing_label = "";             // empty: the name
};
Finding make_finding(FindingSpec spec);

// Every member set to something that is not its default.
Finding full_finding();

}  // namespace caascan::test
