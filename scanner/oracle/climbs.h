// The climbs of RFC 8659 §3 over a resolver that is only asked label by label: which label is asked
// when, and what the answers mean for the names. No I/O and no clock, as the engine.
//
// The life of a label. It waits in the queue of its group of servers until the budgets grant a
// lookup (`start`), is asked, and is answered (`on_answer`) or given up after kAnswerWithin. The
// answer serves every name whose climb leads over it: each label is asked once.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scanner/engine/exclusions.h"
#include "scanner/engine/rate_limiter.h"
#include "scanner/engine/time.h"
#include "scanner/oracle_verdict.h"

namespace caascan::oracle {

// A label without an answer for so long is a time-out: longer than a CA waits.
inline constexpr engine::Duration kAnswerWithin = std::chrono::seconds(15);

// A name and who serves it, as far as it is known. Names of one group share a budget; the empty
// group is that of all names whose servers are not known.
struct Question {
  DomainName name;
  std::string group;
};

// What came of the CAA question for one label.
struct Answer {
  Outcome outcome = Outcome::kEmpty;  // kFound, kEmpty, kServfail, kTimeout or kNotReached
  std::uint8_t rcode = 0;
  std::string why;
};

// How many lookups may be started. The resolver alone decides when it sends what a lookup needs, so
// a lookup is paid for in full before it starts: see `pace_of` in oracle.h.
struct Pace {
  double group_lookups_per_s = 1;  // > 0
  double all_lookups_per_s = 1;    // > 0; over all groups
  std::size_t lookups_max = 256;   // that the resolver works on, those given up among them
};

// One owner, one thread.
class Climbs {
 public:
  // Borrows `exclusions`: names in an excluded zone end as excluded and are not asked.
  Climbs(const Pace& pace, const engine::Exclusions& exclusions);

  void add(Question question);

  // Gives up what has had no answer for too long, and takes from the budgets. The labels to be
  // asked now; their lookups have begun.
  [[nodiscard]] std::vector<std::string> start(engine::Instant now);
  // When `start` has something to do again without an answer; kNever where it has not.
  [[nodiscard]] engine::Instant next_wake() const;
  // The resolver is done with `label`. An answer that comes after the label was given up changes
  // nothing but frees its place.
  void on_answer(std::string_view label, Answer answer);

  [[nodiscard]] bool idle() const { return open_ == 0; }
  // Verdicts since the last call, in order of ending.
  [[nodiscard]] std::vector<OracleVerdict> take_verdicts() { return std::exchange(verdicts_, {}); }

 private:
  struct Climb {
    Question question;
    std::size_t label_offset = 0;  // of the label that is asked, in the name's text
  };
  struct Label {
    std::optional<Answer> answer;
    std::vector<std::size_t> waiting;  // indices in `climbs_`
  };
  struct Group {
    engine::Budget budget;
    std::deque<std::string> labels;  // to be asked
    explicit Group(double lookups_per_s) : budget(lookups_per_s) {}
  };
  struct Deadline {
    engine::Instant at;
    std::string label;
  };

  void go_on(std::size_t climb);
  void settle(const std::string& label, Answer answer);
  void end(std::size_t climb, OracleVerdict verdict);
  void give_up(engine::Instant now);

  Pace pace_;
  const engine::Exclusions& exclusions_;
  engine::Budget all_;
  std::vector<Climb> climbs_;
  std::unordered_map<std::string, Label> labels_;
  std::map<std::string, std::unique_ptr<Group>> groups_;
  std::string last_group_;        // that started a lookup; the next one has its turn first
  std::deque<Deadline> waiting_;  // asked; earliest first
  std::size_t under_way_ = 0;     // lookups that the resolver works on
  std::size_t open_ = 0;          // names without a verdict
  engine::Instant granted_ = engine::kNever;
  std::vector<OracleVerdict> verdicts_;
};

}  // namespace caascan::oracle
