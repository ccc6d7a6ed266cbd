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
#include <unordered_map>
#include <vector>

#include "scanner/engine/exchanges.h"
#include "scanner/engine/resolution.h"

namespace caascan::engine {

// Waits of the first, second and third send to an address; an answer that comes later still counts.
inline constexpr std::array<Duration, 3> kSendWaits = {
    std::chrono::seconds(1), std::chrono::seconds(2), std::chrono::seconds(4)};
inline constexpr std::size_t kSendsPerAddressMax = kSendWaits.size();
// From the first send, pacing not counted; the wait of the last send is stretched to reach it.
inline constexpr Duration kResolutionTimeMax = std::chrono::seconds(10);
inline constexpr Duration kTcpWait = std::chrono::seconds(4);
static_assert(kResolutionTimeMax <= kIdLife);

struct RecursiveResolverOptions {
  std::vector<ServerId> resolvers;  // at least one
  std::size_t cache_bytes_max = std::size_t{64} << 20;
  Duration success_ttl = std::chrono::minutes(15);  // the most that a good answer is reused for
  bool trace = false;                               // keep the evidence of good resolutions too
  std::int64_t epoch_unix_ms = 0;                   // wall clock at Instant zero, for evidence
};

class RecursiveResolver final : public ResolutionSource, public ExchangeOwner {
 public:
  // Borrows all; one thread.
  RecursiveResolver(const RecursiveResolverOptions& options, Random& random, ResolutionSink& sink);
  // Must be called once before use: the two know each other.
  void use(Exchanges& exchanges) { exchanges_ = &exchanges; }

  void ask(const Question& question, Instant fresh_after, std::uint8_t round, Waiter waiter,
           Instant now) override;

  void on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                Instant now) override;
  void on_wait_over(std::uint32_t owner, AttemptId attempt, const AttemptInfo& info,
                    Instant now) override;
  void on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) override;

  // Tells the sink of everything that has been resolved since the last call.
  void deliver(Instant now);
  [[nodiscard]] bool has_deliveries() const { return !completed_.empty(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

 private:
  struct Entry {
    Question question;
    Resolution resolution;
    bool done = false;
    std::uint8_t round = 0;
    std::uint32_t first_resolver = 0;
    std::uint32_t sends = 0;             // UDP sends
    Duration waited{};                   // sum of the waits that are over
    Cause last_cause = Cause::kTimeout;  // what the best informed attempt so far says
    bool lower_case = false;             // a resolver folds case: ask in lower case from now on
    std::vector<AttemptId> live;
    std::vector<Waiter> waiters;
    std::uint32_t pins = 0;  // deliveries under way
    bool cached = false;     // in by_question_
    std::uint32_t lru_newer = kNone, lru_older = kNone;
  };
  struct Completed {
    std::uint32_t entry;
    Waiter waiter;
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  std::uint32_t make(const Question& question, std::uint8_t round, Instant now);
  void send_next(std::uint32_t index);
  void go_on_or_fail(std::uint32_t index, Instant now);
  void finish(std::uint32_t index, Instant now);
  void decide(std::uint32_t index, const wire::MessageView& view, Instant now);
  void forget(std::uint32_t index);
  void unlink(std::uint32_t index);
  void link_newest(std::uint32_t index);
  void trim();
  Attempt evidence(const Entry& entry, const AttemptInfo& info, AttemptResult result,
                   Instant now) const;
  [[nodiscard]] std::size_t sends_max() const {
    return options_.resolvers.size() * kSendsPerAddressMax;
  }

  RecursiveResolverOptions options_;
  Random& random_;
  ResolutionSink& sink_;
  Exchanges* exchanges_ = nullptr;
  std::deque<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<Question, std::uint32_t, QuestionHash> by_question_;
  std::deque<Completed> completed_;
  std::uint32_t lru_newest_ = kNone, lru_oldest_ = kNone;
  std::size_t cached_done_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace caascan::engine
