#include "scanner/oracle/climbs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace caascan::oracle {
namespace {

using engine::Duration;
using engine::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

Question question(std::string name, std::string group = "") {
  return {DomainName::from_canonical(std::move(name)), std::move(group)};
}

Answer fails() {
  return {Outcome::kServfail, 2, "SERVFAIL"};
}

// A resolver in simulated time: answers each label at once as it is told, `empty` otherwise; those
// in `silent` never.
class ClimbsTest : public testing::Test {
 protected:
  // Asks until all names have verdicts; at most an hour.
  void run(std::vector<Question> questions) {
    for (Question& asked : questions) climbs().add(std::move(asked));
    const Instant end = now_ + std::chrono::hours(1);
    while (!climbs().idle() && now_ < end) {
      for (const std::string& label : climbs().start(now_)) {
        asked_.emplace_back(label, now_);
        if (!silent_.contains(label)) answer(label);
      }
      if (!climbs().idle()) now_ = std::max(now_, climbs().next_wake());
    }
    for (OracleVerdict& verdict : climbs().take_verdicts()) {
      std::string name = verdict.name.text();
      verdicts_[name] = std::move(verdict);
    }
  }
  void answer(const std::string& label) {
    const auto at = answers_.find(label);
    climbs().on_answer(label, at == answers_.end() ? Answer() : at->second);
  }
  Climbs& climbs() {
    if (!climbs_) climbs_.emplace(pace_, exclusions_);
    return *climbs_;
  }
  [[nodiscard]] std::vector<std::string> labels() const {
    std::vector<std::string> made;
    for (const auto& [label, at] : asked_) made.push_back(label);
    return made;
  }

  Pace pace_{1000, 1000, 256};
  engine::Exclusions exclusions_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, bool> silent_;
  std::vector<std::pair<std::string, Instant>> asked_;
  std::map<std::string, OracleVerdict> verdicts_;
  Instant now_{};
  std::optional<Climbs> climbs_;
};

TEST_F(ClimbsTest, GoesFromTheNameToTheTldAndNeverToTheRoot) {
  run({question("a.b.example.com")});
  EXPECT_EQ(labels(),
            (std::vector<std::string>{"a.b.example.com", "b.example.com", "example.com", "com"}));
  EXPECT_EQ(verdicts_["a.b.example.com"].outcome, Outcome::kEmpty);
  EXPECT_EQ(verdicts_["a.b.example.com"].label, "");
}

TEST_F(ClimbsTest, TheFirstSetOrFailureOnTheWayUpIsTheVerdict) {
  const Answer found{Outcome::kFound, 0, ""};
  const Answer unreached{Outcome::kNotReached, 0, "libunbound: out of memory"};
  struct Case {
    const char* what;
    std::map<std::string, Answer> answers;
    Outcome outcome;
    const char* label;
    std::size_t asked;
  };
  const Case cases[] = {
      {"a set at the name", {{"www.example.com", found}}, Outcome::kFound, "www.example.com", 1},
      {"a set at the TLD", {{"com", found}}, Outcome::kFound, "com", 3},
      {"a failure at the name",
       {{"www.example.com", fails()}},
       Outcome::kServfail,
       "www.example.com",
       1},
      {"a failure below a set",
       {{"example.com", fails()}, {"com", found}},
       Outcome::kServfail,
       "example.com",
       2},
      {"a failure above a set",
       {{"example.com", found}, {"com", fails()}},
       Outcome::kFound,
       "example.com",
       2},
      {"no resolver", {{"example.com", unreached}}, Outcome::kNotReached, "example.com", 2},
  };
  for (const Case& wanted : cases) {
    SCOPED_TRACE(wanted.what);
    climbs_.reset();
    asked_.clear();
    answers_ = wanted.answers;
    run({question("www.example.com")});
    const OracleVerdict& verdict = verdicts_["www.example.com"];
    EXPECT_EQ(verdict.outcome, wanted.outcome);
    EXPECT_EQ(verdict.label, wanted.label);
    EXPECT_EQ(verdict.rcode, answers_[wanted.label].rcode);
    EXPECT_EQ(verdict.why, answers_[wanted.label].why);
    EXPECT_EQ(asked_.size(), wanted.asked);
  }
}

TEST_F(ClimbsTest, ALabelThatNamesShareIsAskedOnceWheneverTheyCome) {
  answers_["bad.com"] = fails();
  run({question("a.example.com"), question("b.example.com"), question("example.com"),
       question("www.bad.com"), question("bad.com")});
  run({question("c.example.com"), question("ftp.bad.com")});
  std::vector<std::string> sorted = labels();
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted,
            (std::vector<std::string>{"a.example.com", "b.example.com", "bad.com", "c.example.com",
                                      "com", "example.com", "ftp.bad.com", "www.bad.com"}));
  EXPECT_EQ(verdicts_.size(), 7u);
  EXPECT_EQ(verdicts_["c.example.com"].outcome, Outcome::kEmpty);
  EXPECT_EQ(verdicts_["ftp.bad.com"].outcome, Outcome::kServfail);
}

TEST_F(ClimbsTest, FifteenSecondsWithoutAnAnswerAreATimeOut) {
  silent_["example.com"] = true;
  run({question("www.example.com"), question("ftp.example.com"), question("www.example.net")});
  EXPECT_EQ(verdicts_["www.example.com"].outcome, Outcome::kTimeout);
  EXPECT_EQ(verdicts_["www.example.com"].label, "example.com");
  EXPECT_EQ(verdicts_["ftp.example.com"].outcome, Outcome::kTimeout);
  EXPECT_EQ(verdicts_["www.example.net"].outcome, Outcome::kEmpty);
  const auto asked =
      std::ranges::find(asked_, "example.com", &std::pair<std::string, Instant>::first);
  ASSERT_NE(asked, asked_.end());
  EXPECT_EQ(now_, asked->second + kAnswerWithin);

  // What comes later changes nothing.
  answers_["example.com"] = {Outcome::kFound, 0, ""};
  answer("example.com");
  run({question("mail.example.com")});
  EXPECT_EQ(verdicts_["mail.example.com"].outcome, Outcome::kTimeout);
}

TEST_F(ClimbsTest, AnAnswerJustBeforeTheEndCounts) {
  climbs().add(question("com"));
  ASSERT_EQ(climbs().start(now_).size(), 1u);
  EXPECT_TRUE(climbs().start(now_ + kAnswerWithin - Duration(1)).empty());
  EXPECT_FALSE(climbs().idle());
  climbs().on_answer("com", {});
  EXPECT_TRUE(climbs().start(now_ + kAnswerWithin).empty());
  ASSERT_TRUE(climbs().idle());
  EXPECT_EQ(climbs().take_verdicts()[0].outcome, Outcome::kEmpty);
}

TEST_F(ClimbsTest, EachGroupHasItsPaceAndDoesNotWaitForAnothers) {
  pace_ = {2, 1000, 256};
  std::vector<Question> questions;
  std::map<std::string, std::string> group_of;
  for (const char* group : {"", "big-dns.net", "small-dns.net"}) {
    for (int i = 0; i < 10; ++i) {
      const std::string tld =
          std::string("t") + (group[0] == '\0' ? 'x' : group[0]) + static_cast<char>('a' + i);
      questions.push_back(question(tld, group));
      group_of[tld] = group;
    }
  }
  run(std::move(questions));
  ASSERT_EQ(asked_.size(), 30u);
  std::map<std::string, std::vector<Instant>> times;
  for (const auto& [label, at] : asked_) times[group_of[label]].push_back(at);
  for (const auto& [group, at] : times) {
    SCOPED_TRACE(group);
    EXPECT_EQ(at.front(), Instant{});
    for (std::size_t i = 2; i < at.size(); ++i) EXPECT_GE(at[i] - at[i - 2], seconds(1));
  }
  EXPECT_LT(now_, Instant(seconds(6)));
}

TEST_F(ClimbsTest, TheGroupsTogetherHaveAPaceToo) {
  pace_ = {1000, 5, 256};
  std::vector<Question> questions;
  for (char i = 'a'; i < 'k'; ++i) questions.push_back(question({'t', i}, {'g', i}));
  run(std::move(questions));
  ASSERT_EQ(asked_.size(), 10u);
  for (std::size_t i = 5; i < asked_.size(); ++i) {
    EXPECT_GE(asked_[i].second - asked_[i - 5].second, seconds(1));
  }
}

TEST_F(ClimbsTest, AGroupOfManyNamesHoldsUpNoOther) {
  pace_ = {1000, 1000, 4};
  std::vector<Question> questions;
  for (char i = 'a'; i <= 'z'; ++i) questions.push_back(question({'t', i}, "big-dns.net"));
  questions.push_back(question("last", "small-dns.net"));
  for (Question& asked : questions) climbs().add(std::move(asked));
  const std::vector<std::string> first = climbs().start(now_);
  EXPECT_NE(std::ranges::find(first, "last"), first.end());
}

// libunbound goes on with what has been given up, so it keeps its place until it is done.
TEST_F(ClimbsTest, NoMoreAreUnderWayThanMayBeThoseGivenUpAmongThem) {
  pace_ = {1000, 1000, 2};
  for (const char* name : {"ta", "tb", "tc"}) climbs().add(question(name, name));
  const std::vector<std::string> first = climbs().start(now_);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_TRUE(climbs().start(now_ + kAnswerWithin).empty());
  EXPECT_EQ(climbs().take_verdicts().size(), 2u);
  climbs().on_answer(first[0], {});
  EXPECT_EQ(climbs().start(now_ + kAnswerWithin).size(), 1u);
}

TEST_F(ClimbsTest, NamesInAnExcludedZoneAreNotAsked) {
  exclusions_.zones.insert(*wire::DnsName::from_text("example.com"));
  run({question("www.example.com"), question("example.com"), question("www.example.net")});
  EXPECT_EQ(verdicts_["www.example.com"].outcome, Outcome::kExcluded);
  EXPECT_EQ(verdicts_["example.com"].outcome, Outcome::kExcluded);
  EXPECT_EQ(verdicts_["www.example.net"].outcome, Outcome::kEmpty);
  EXPECT_EQ(labels(), (std::vector<std::string>{"www.example.net", "example.net", "net"}));
}

}  // namespace
}  // namespace caascan::oracle
