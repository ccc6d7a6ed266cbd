// The affected names of a run, as everything that is published is made from: what readers need of
// each finding in memory, its evidence in a spill.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "output/finding_spill.h"
#include "output/issuance.h"
#include "output/provider.h"
#include "output/reason.h"
#include "scanner/finding.h"

namespace caascan {

struct AffectedName {
  std::string name;
  Outcome outcome = Outcome::kServfail;
  Cause cause = Cause::kNone;
  std::string failing_label;
  std::string zone;           // empty where not known
  std::string_view provider;  // lives as long as the AffectedNames it is in
  std::string problem;        // `ca_problem`
  std::string nameserver, answer, dig;
  const Reason* reason = nullptr;  // of the built-in table
  std::vector<IssuanceClass> classes;
  Security security = Security::kNotChecked;
  BogusKind bogus = BogusKind::kNone;
  SpilledLine line;  // the published JSON line
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
  AffectedNames() = default;
  AffectedNames(AffectedNames&&) = default;
  AffectedNames& operator=(AffectedNames&&) = default;
  AffectedNames(const AffectedNames&) = delete;
  AffectedNames& operator=(const AffectedNames&) = delete;

  void add(const Finding& finding, const ProviderTable& providers, const SpilledLine& line);
  // Sorts by name. To be called once, after the last `add`. The error says which name was added
  // more than once.
  [[nodiscard]] std::expected<void, std::string> seal();

  // Sorted bytewise by name.
  [[nodiscard]] std::span<const AffectedName> names() const { return names_; }
  // Index in `names`, or nothing; `name` without `*.`.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] const ServersByProvider& servers() const { return servers_; }

 private:
  std::vector<AffectedName> names_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  ServersByProvider servers_;
};

// One line of the published findings.ndjson.zst: the finding and what is derived from it.
[[nodiscard]] std::string published_finding_json(const Finding& finding, std::string_view provider);

// Reads the findings of a scan; their published lines go to `spill`.
[[nodiscard]] std::expected<AffectedNames, std::string> read_affected(
    const std::filesystem::path& findings, const ProviderTable& providers, FindingSpill& spill);

}  // namespace caascan
