// A CA's resolver in this process: libunbound, configured as far as Let's Encrypt has told how it
// runs Unbound. The only user of libunbound.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scanner/engine/engine.h"
#include "scanner/oracle/climbs.h"
#include "scanner/oracle_verdict.h"

namespace caascan::oracle {

struct OracleOptions {
  engine::Delegation root;                        // where iteration starts
  std::vector<wire::DsRecord> trust_anchors;      // of the root; none: nothing is validated
  std::vector<engine::AddressRange> never_asked;  // servers; disjoint from what is allowed
  engine::Exclusions exclusions;                  // its ranges stand in `never_asked` too
  bool use_v4 = true, use_v6 = true;              // families this machine has a route for
  Pace pace;
};

// The options of a scan, for the oracle. An error is a sentence: a resolver is named, or the
// opt-outs hold nameserver names, from which libunbound cannot be kept.
[[nodiscard]] std::expected<OracleOptions, std::string> oracle_options(
    const engine::EngineOptions& scan);

// Lookups a second that keep to the caps of a scan. libunbound gives no hold on single datagrams,
// so a lookup is paid for in full before it starts, with all the questions that it may send to a
// zone (kSendsPerZoneMax): a cap of N questions a second gives N / 32 lookups a second to each
// group of servers. `server_qps` and every limit could be a group's, so the lowest counts for each.
// Every lookup goes through the root and a TLD, since nothing is cached: over all groups it is
// `infrastructure_qps` / 32; and a global cap N allows N / kSendsPerLookupMax.
//
// This holds on average, and for an address in each second as long as a lookup sends it no more
// than a third of its 32 questions at once: two lookups may begin in one second while a third still
// runs. Questions to a zone are spread over its addresses, five tries each (outbound-msg-retry).
[[nodiscard]] Pace pace_of(const engine::ServerDirectoryOptions& servers);

// What is in one of `ranges` and in none of `holes`, as ranges.
[[nodiscard]] std::vector<engine::AddressRange> subtract(
    const std::vector<engine::AddressRange>& ranges,
    const std::vector<engine::AddressRange>& holes);

// One line of unbound.conf. Those that not every version knows are optional.
struct Setting {
  std::string name;  // with the colon
  std::string value;
  bool optional = false;
};
[[nodiscard]] std::vector<Setting> settings(const OracleOptions& options);

// "libunbound 1.17.1".
[[nodiscard]] std::string version();

// One owner, one thread; libunbound has a thread of its own behind it.
class Oracle {
 public:
  // Opens no socket and asks nothing.
  [[nodiscard]] static std::expected<Oracle, std::string> create(const OracleOptions& options);
  Oracle(Oracle&&) noexcept;
  Oracle& operator=(Oracle&&) = delete;
  // Drops what libunbound still works on.
  ~Oracle();

  struct Asked {
    std::vector<OracleVerdict> verdicts;  // in order of ending
    bool interrupted = false;             // names are missing
  };
  // Asks for all of them. Blocks. What an earlier call has learnt of a label serves this one too.
  // `stop` (may be null), once true, ends it within a second. An error is a failure of this
  // machine, or of its network: the root does not answer before the first name or after the last.
  [[nodiscard]] std::expected<Asked, std::string> ask(std::vector<Question> questions,
                                                      const std::atomic<bool>* stop = nullptr);

 private:
  struct Impl;
  explicit Oracle(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace caascan::oracle
