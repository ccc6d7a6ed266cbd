// `--resolver`: recursive resolvers are asked, and their rcode is the verdict.
//
// A question goes to one resolver; silence sends it to the next, round by round with growing waits,
// within the bounds below. SERVFAIL is a verdict at once: the resolver has already tried every
// server of every zone. Any other error rcode is the resolver declining to serve us, so the next
// one is asked before it counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "scanner/engine/bounds.h"
#include "scanner/engine/exchanges.h"
#include "scanner/engine/resolution_table.h"

namespace caascan::engine {

struct RecursiveResolverOptions {
  std::vector<ServerId> resolvers;  // at least one
  std::size_t cache_bytes_max = std::size_t{64} << 20;
  bool trace = false;              // keep the evidence of good resolutions too
  std::int64_t epoch_unix_ms = 0;  // wall clock at Instant zero, for evidence
};

class RecursiveResolver final : public ResolutionSource {
 public:
  // Borrows all; one thread.
  RecursiveResolver(const RecursiveResolverOptions& options, Exchanges& exchanges, Random& random,
                    ResolutionSink& sink);

  void ask(const Question& question, Freshness fresh, std::uint8_t round, Waiter waiter,
           Instant now) override;
  void on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                Instant now) override;
  void on_wait_over(std::uint32_t owner, AttemptId attempt, const AttemptInfo& info,
                    Instant now) override;
  void on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) override;
  void prepare(std::uint32_t owner) const override;
  void deliver(Instant now) override;
  [[nodiscard]] bool has_deliveries() const override { return table_.has_deliveries(); }

 private:
  // One question under way; index as in the table.
  struct Job {
    bool active = false;
    std::uint8_t round = 0;
    bool lower_case = false;  // a resolver folds case: ask in lower case from now on
    std::uint32_t first_resolver = 0;
    std::uint32_t sends = 0;             // over UDP
    Duration waited{};                   // sum of the waits that are over
    Cause last_cause = Cause::kTimeout;  // what the best informed attempt so far says
    std::vector<AttemptId> live;
  };

  void send_next(std::uint32_t index);
  void go_on_or_fail(std::uint32_t index, Instant now);
  void finish(std::uint32_t index, Instant now);
  void decide(std::uint32_t index, const wire::MessageView& view, Instant now);
  [[nodiscard]] std::size_t sends_max() const {
    return options_.resolvers.size() * kSendsPerAddressMax;
  }

  RecursiveResolverOptions options_;
  Exchanges& exchanges_;
  Random& random_;
  ResolutionSink& sink_;
  ResolutionTable table_;
  std::deque<Job> jobs_;
};

}  // namespace caascan::engine
