// A simulated network for the engine: time is a number, datagrams wait in a priority queue, chance
// has one seed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <vector>

#include "scanner/engine/engine.h"

namespace caascan::sim {

// splitmix64: the same seed gives the same run on every machine.
class SeededEntropy final : public engine::EntropySource {
 public:
  explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;
  std::uint64_t next();

 private:
  std::uint64_t state_;
};

// A question as a simulated server sees it.
struct SeenQuery {
  engine::Instant at{};
  std::uint32_t socket = 0;
  engine::Endpoint to;
  bool tcp = false;
  engine::AttemptId attempt;
  std::vector<std::uint8_t> bytes;
  std::string name;  // lower case, presentation form
  wire::RecordType type = wire::RecordType::kCaa;
};

// One datagram on its way to the engine (or a TCP reply, or a TCP failure where `bytes` is empty).
struct Reply {
  engine::Duration delay{};
  engine::Endpoint from;
  bool tcp = false;
  std::vector<std::uint8_t> bytes;
};

// Answers each question with any number of replies; none is silence.
using Responder = std::function<std::vector<Reply>(const SeenQuery&)>;

// What the network does to datagrams, on both ways.
struct Faults {
  double loss = 0;
  double duplicate = 0;
  engine::Duration jitter_max{};
};

// Names put away in memory.
class PutAwayInMemory final : public NamesPutAway {
 public:
  void put(LineId line, NamePutAway&& name) override;
  void take(LineId line, std::size_t names_max, std::vector<NamePutAway>& out) override;
  [[nodiscard]] std::size_t most() const { return most_; }  // at a time, of all lines

 private:
  std::map<LineId, std::deque<NamePutAway>> lines_;
  std::size_t now_ = 0, most_ = 0;
};

class SimWorld {
 public:
  SimWorld(std::uint64_t seed, Responder responder, Faults faults = {})
      : entropy_(seed),
        chance_(seed ^ 0xABCDEF),
        responder_(std::move(responder)),
        faults_(faults) {}

  [[nodiscard]] engine::EntropySource& entropy() { return entropy_; }
  // Feeds `names` as the engine wants them and runs until it is idle. False where it is not after
  // `limit`.
  bool run(engine::Engine& engine, std::vector<DomainName> names,
           engine::Duration limit = std::chrono::hours(10));
  // Runs on until nothing is on its way and the engine has nothing left to do. False where that is
  // not so after `limit`.
  bool settle(engine::Engine& engine, engine::Duration limit = std::chrono::hours(1));

  [[nodiscard]] const std::vector<SeenQuery>& seen() const { return seen_; }
  [[nodiscard]] std::vector<engine::Verdict>& verdicts() { return verdicts_; }
  [[nodiscard]] engine::Instant now() const { return now_; }
  // The most questions that `to` has seen in any half-open window of one second.
  [[nodiscard]] std::size_t busiest_second(const engine::Endpoint& to) const;

 private:
  struct Arrival {
    engine::Instant at;
    std::uint64_t order;
    SeenQuery query;
    Reply reply;
    friend bool operator>(const Arrival& a, const Arrival& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  bool happens(double probability);
  void take_outbox(engine::Engine& engine);
  void deliver_arrivals(engine::Engine& engine);
  void put_on_wire(SeenQuery query);

  SeededEntropy entropy_;
  SeededEntropy chance_;
  Responder responder_;
  Faults faults_;
  engine::Instant now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> arrivals_;
  std::vector<SeenQuery> seen_;
  std::vector<engine::Verdict> verdicts_;
};

// The reply to `query` with this rcode and flags, without records.
[[nodiscard]] std::vector<std::uint8_t> make_reply(const SeenQuery& query, wire::Rcode rcode,
                                                   bool tc = false);
// Appends one record (owner = the question's name unless `owner` is given) to a reply and counts
// it.
void add_record(std::vector<std::uint8_t>& reply, wire::Section section, std::string_view owner,
                wire::RecordType type, const std::vector<std::uint8_t>& rdata);
// Record data of the usual kinds.
[[nodiscard]] std::vector<std::uint8_t> name_data(std::string_view name);
[[nodiscard]] std::vector<std::uint8_t> soa_data(std::string_view contact);
[[nodiscard]] std::vector<std::uint8_t> caa_data(std::string_view issuer);

// A resolver that knows zones: the behaviour of the longest listed name at or above the question's
// name.
struct NameRule {
  enum class Kind : std::uint8_t {
    kEmpty,
    kCaa,
    kServfail,
    kSilent,
    kRefused,
    kNxDomain,
    kTruncated
  } kind = Kind::kEmpty;
  bool caa_only = false;  // other types are answered well
  std::string zone;       // SOA owner in empty answers
  std::vector<std::string> nameservers;
  std::string alias;  // CNAME target for every question at exactly this name
};
class RuleResolver {
 public:
  RuleResolver(engine::Endpoint self, engine::Duration delay) : self_(self), delay_(delay) {}
  NameRule& rule(const std::string& name) { return rules_[name]; }
  // The rule that speaks for `name`.
  [[nodiscard]] const NameRule* find(const std::string& name) const;
  [[nodiscard]] std::vector<Reply> answer(const SeenQuery& query) const;

 private:
  [[nodiscard]] Reply reply(const SeenQuery& query, std::vector<std::uint8_t> bytes) const {
    return {delay_, self_, query.tcp, std::move(bytes)};
  }
  engine::Endpoint self_;
  engine::Duration delay_;
  std::map<std::string, NameRule> rules_;
};

}  // namespace caascan::sim
