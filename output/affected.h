// The affected names of a run, as everything that is published is made from: what sorting, counting
// and looking up need of each finding in memory, some 200 octets a name; all else in a spill.
#pragma once

#include <bitset>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "output/finding_spill.h"
#include "output/issuance.h"
#include "output/provider.h"
#include "output/reason.h"
#include "output/text_pool.h"
#include "scanner/finding.h"

namespace caascan {

// Its texts live as long as the AffectedNames it is in.
struct AffectedName {
  std::string_view name;
  std::string_view failing_label;
  std::string_view zone;  // empty where not known
  std::string_view provider;
  const Reason* reason = nullptr;  // of the built-in table
  SpilledLine line;                // the published JSON line
  Outcome outcome = Outcome::kServfail;
  Cause cause = Cause::kNone;
  Security security = Security::kNotChecked;
  BogusKind bogus = BogusKind::kNone;
  bool carried = false;  // from an earlier set: this run has not reached it
  std::bitset<kIssuanceClassCount> classes;
};

// What findings say of a provider's servers.
struct ProviderServers {
  std::set<std::string> nameservers;  // host names only
  std::set<std::string> contacts;     // SOA RNAMEs of zones at fault, printable ASCII
  std::map<std::string, std::set<std::string>> versions;  // printable text → server addresses
};
using ServersByProvider = std::map<std::string, ProviderServers, std::less<>>;

// Movable; not copied, for the views inside.
class AffectedNames {
 public:
  // `lines` takes the published lines.
  explicit AffectedNames(FindingSpill lines);
  AffectedNames(AffectedNames&&) = default;
  AffectedNames& operator=(AffectedNames&&) = default;
  AffectedNames(const AffectedNames&) = delete;
  AffectedNames& operator=(const AffectedNames&) = delete;

  // `line`: the finding as the scan has written it (finding_to_json). An error is that of the
  // spill.
  [[nodiscard]] std::expected<void, std::string> add(const Finding& finding, std::string_view line,
                                                     const ProviderTable& providers);
  // Sorts by name. To be called once, after the last `add`. The error says which name was added
  // more than once.
  [[nodiscard]] std::expected<void, std::string> seal();

  // Sorted bytewise by name.
  [[nodiscard]] std::span<const AffectedName> names() const { return names_; }
  // Index in `names`, or nothing; `name` without `*.`.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] const ServersByProvider& servers() const { return servers_; }
  // The published JSON line of one of `names`, in place of what `line` holds; the finding in it.
  [[nodiscard]] std::expected<void, std::string> read_line(const AffectedName& name,
                                                           std::string& line) const;
  [[nodiscard]] std::expected<Finding, std::string> read_finding(const AffectedName& name) const;

 private:
  // An index in `names_` stands for the name there, which is what is looked for.
  struct NameHash {
    using is_transparent = void;
    const AffectedName* names = nullptr;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
    std::size_t operator()(std::uint32_t index) const { return (*this)(names[index].name); }
  };
  struct NameEqual {
    using is_transparent = void;
    const AffectedName* names = nullptr;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::uint32_t index, std::string_view name) const {
      return names[index].name == name;
    }
    bool operator()(std::string_view name, std::uint32_t index) const {
      return names[index].name == name;
    }
  };

  using ByName = boost::unordered_flat_set<std::uint32_t, NameHash, NameEqual>;

  TextPool texts_;
  std::vector<AffectedName> names_;
  ByName by_name_;
  ServersByProvider servers_;
  std::unique_ptr<FindingSpill> lines_;
};

// One line of the published findings.ndjson.zst: the finding's own line, which is not made a second
// time, and what is derived from it.
[[nodiscard]] std::string published_finding_json(const Finding& finding, std::string_view line,
                                                 std::string_view provider);

// Reads the findings of a scan, and those carried from an earlier set where `carried` is a file;
// their published lines go to `lines`.
[[nodiscard]] std::expected<AffectedNames, std::string> read_affected(
    const std::filesystem::path& findings, const std::filesystem::path& carried,
    const ProviderTable& providers, FindingSpill lines);

}  // namespace caascan
