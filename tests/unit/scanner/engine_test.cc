#include "scanner/engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/sim_world.h"

namespace caascan::engine {
namespace {

using sim::NameRule;
using sim::Reply;
using sim::SeenQuery;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = NameRule::Kind;

const Endpoint kResolver = Endpoint::parse("192.0.2.53").value();
const Endpoint kSecondResolver = Endpoint::parse("2001:db8::53").value();

std::uint64_t count(const Engine& engine, Outcome outcome) {
  return engine.counts().names_by_outcome[static_cast<std::size_t>(outcome)];
}

std::vector<DomainName> names(std::vector<std::string> texts) {
  std::vector<DomainName> made;
  for (std::string& text : texts) made.push_back(DomainName::from_canonical(std::move(text)));
  return made;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    options_.resolvers = {kResolver};
    options_.servers.server_qps = 1000;
    options_.confirm_after = seconds(30);
    rules_.rule("com").zone = "com";
  }
  void run(std::vector<std::string> texts) {
    const auto answer = [this](const SeenQuery& query) { return respond(query); };
    world_.emplace(seed_, answer, faults_);
    engine_.emplace(options_, world_->entropy());
    ASSERT_TRUE(world_->run(*engine_, names(std::move(texts))));
    std::uint64_t sum = 0;
    for (const std::uint64_t part : engine_->counts().names_by_outcome) sum += part;
    EXPECT_EQ(sum, engine_->counts().names_total);
  }
  virtual std::vector<Reply> respond(const SeenQuery& query) {
    return override_ ? override_(query) : rules_.answer(query);
  }
  [[nodiscard]] const Finding& only_finding() {
    CAASCAN_ASSERT(world_->verdicts().size() == 1 && world_->verdicts()[0].finding);
    return *world_->verdicts()[0].finding;
  }
  [[nodiscard]] std::size_t asked(const std::string& name,
                                  wire::RecordType type = wire::RecordType::kCaa) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        world_->seen(),
        [&](const SeenQuery& query) { return query.name == name && query.type == type; }));
  }

  EngineOptions options_;
  std::uint64_t seed_ = 1;
  sim::Faults faults_;
  sim::RuleResolver rules_{kResolver, milliseconds(20)};
  std::function<std::vector<Reply>(const SeenQuery&)> override_;
  std::optional<sim::SimWorld> world_;
  std::optional<Engine> engine_;
};

TEST_F(EngineTest, TheClimbAsksTheNameThenEachParentUpToTheTldAndNeverTheRoot) {
  run({"a.b.example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 1u);
  std::vector<std::string> order;
  for (const SeenQuery& query : world_->seen()) order.push_back(query.name);
  EXPECT_EQ(order,
            (std::vector<std::string>{"a.b.example.com", "b.example.com", "example.com", "com"}));
}

TEST_F(EngineTest, TheFirstNonEmptySetEndsTheClimbSoAFailureAboveItDoesNotCount) {
  rules_.rule("example.com").kind = Kind::kCaa;
  rules_.rule("com").kind = Kind::kServfail;
  run({"www.example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kFound), 1u);
  EXPECT_EQ(asked("com"), 0u);
}

TEST_F(EngineTest, NxdomainIsAnEmptySet) {
  rules_.rule("example.com").kind = Kind::kNxDomain;
  run({"www.example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 1u);
}

TEST_F(EngineTest, AParentThatNamesShareIsAskedOnce) {
  run({"a.example.com", "b.example.com", "c.example.com", "example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 4u);
  EXPECT_EQ(asked("example.com"), 1u);
  EXPECT_EQ(asked("com"), 1u);
}

TEST_F(EngineTest, AServfailThatStaysIsAFindingWithZoneAndProvider) {
  NameRule& rule = rules_.rule("example.com");
  rule.kind = Kind::kServfail;
  rule.caa_only = true;
  rule.zone = "example.com";
  rule.nameservers = {"ns1.namebrightdns.com", "ns2.namebrightdns.com"};
  run({"www.example.com"});
  const Finding& finding = only_finding();
  EXPECT_EQ(finding.outcome, Outcome::kServfail);
  EXPECT_EQ(finding.cause, Cause::kServfail);
  EXPECT_EQ(finding.failing_label, "www.example.com");
  EXPECT_EQ(finding.zone, "example.com");
  EXPECT_FALSE(finding.inherited);
  EXPECT_EQ(finding.nameservers,
            (std::vector<std::string>{"ns1.namebrightdns.com", "ns2.namebrightdns.com"}));
  EXPECT_EQ(finding.soa_contact, "hostmaster.example.com");
  EXPECT_EQ(finding.control_rcode, 0);
  ASSERT_EQ(finding.attempts.size(), 2u);
  EXPECT_EQ(finding.attempts[0].rcode, 2);
  EXPECT_EQ(finding.attempts[0].round, 0);
  EXPECT_EQ(finding.attempts[1].round, 1);
  EXPECT_EQ(finding.attempts[0].rtt_us, 20000u);
  ASSERT_EQ(finding.observed_unix_ms.size(), 2u);
  EXPECT_GE(finding.observed_unix_ms[1] - finding.observed_unix_ms[0], 30000);
}

TEST_F(EngineTest, AFailingTldIsInherited) {
  rules_.rule("com").kind = Kind::kServfail;
  rules_.rule("example.com").kind = Kind::kEmpty;
  run({"example.com"});
  EXPECT_TRUE(only_finding().inherited);
  EXPECT_EQ(only_finding().failing_label, "com");
  EXPECT_EQ(only_finding().zone, "com");
}

TEST_F(EngineTest, OneGoodRoundTakesTheNameOff) {
  options_.confirm_rounds = 2;
  int asked_caa = 0;
  override_ = [&](const SeenQuery& query) {
    NameRule& rule = rules_.rule("example.com");
    rule.kind =
        query.type == wire::RecordType::kCaa && query.name == "example.com" && asked_caa++ == 0
            ? Kind::kServfail
            : Kind::kEmpty;
    return rules_.answer(query);
  };
  run({"example.com"});
  EXPECT_TRUE(world_->verdicts().empty());
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 1u);
  EXPECT_EQ(engine_->counts().names_cleared, 1u);
  EXPECT_EQ(asked_caa, 2);
}

TEST_F(EngineTest, EachRoundComesAtLeastConfirmAfterLaterAndAsksAfresh) {
  options_.confirm_rounds = 3;
  rules_.rule("example.com").kind = Kind::kServfail;
  run({"example.com"});
  std::vector<Instant> times;
  for (const SeenQuery& query : world_->seen()) {
    if (query.name == "example.com" && query.type == wire::RecordType::kCaa)
      times.push_back(query.at);
  }
  ASSERT_EQ(times.size(), 4u);
  for (std::size_t i = 1; i < times.size(); ++i)
    EXPECT_GE(times[i] - times[i - 1], options_.confirm_after);
}

TEST_F(EngineTest, WithoutConfirmRoundsTheFirstFailureCounts) {
  options_.confirm_rounds = 0;
  rules_.rule("example.com").kind = Kind::kServfail;
  run({"example.com"});
  EXPECT_EQ(only_finding().observed_unix_ms.size(), 1u);
}

TEST_F(EngineTest, NamesUnderOneFailingLabelAreConfirmedByOneQuestion) {
  rules_.rule("example.com").kind = Kind::kEmpty;
  override_ = [&](const SeenQuery& query) {
    if (query.type == wire::RecordType::kCaa && query.name == "example.com") {
      return std::vector<Reply>{
          {milliseconds(20), kResolver, query.tcp, sim::make_reply(query, wire::Rcode::kServFail)}};
    }
    return rules_.answer(query);
  };
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back("host" + std::to_string(i) + ".example.com");
  run(many);
  EXPECT_EQ(count(*engine_, Outcome::kServfail), 200u);
  EXPECT_LE(asked("example.com"), 4u);
}

TEST_F(EngineTest, ASilentNameIsATimeoutAfterThreeSendsAndTenSeconds) {
  options_.confirm_rounds = 0;
  rules_.rule("example.com").kind = Kind::kSilent;
  run({"example.com"});
  const Finding& finding = only_finding();
  EXPECT_EQ(finding.outcome, Outcome::kTimeout);
  EXPECT_EQ(finding.zone, "example.com");
  ASSERT_EQ(asked("example.com"), 3u);
  std::vector<Instant> times;
  for (const SeenQuery& query : world_->seen()) {
    if (query.type == wire::RecordType::kCaa) times.push_back(query.at);
  }
  EXPECT_NEAR(std::chrono::duration<double>(times[1] - times[0]).count(), 1.0, 0.01);
  EXPECT_NEAR(std::chrono::duration<double>(times[2] - times[1]).count(), 2.0, 0.01);
  EXPECT_NEAR(static_cast<double>(finding.observed_unix_ms[0]), 10000, 20);
}

TEST_F(EngineTest, ALateAnswerCounts) {
  override_ = [&](const SeenQuery& query) {
    std::vector<Reply> replies = rules_.answer(query);
    if (query.name == "example.com") replies[0].delay = milliseconds(9500);
    return replies;
  };
  run({"example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 1u);
  EXPECT_EQ(asked("example.com"), 3u);
}

TEST_F(EngineTest, WhenTheResolverItselfIsSilentNobodyIsAccused) {
  override_ = [](const SeenQuery&) { return std::vector<Reply>{}; };
  run({"example.com", "www.example.org"});
  EXPECT_EQ(count(*engine_, Outcome::kNotReached), 2u);
  EXPECT_TRUE(world_->verdicts().empty());
}

TEST_F(EngineTest, AResolverThatDeclinesSaysNothingAboutTheName) {
  rules_.rule("example.com").kind = Kind::kRefused;
  run({"example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kNotReached), 1u);
  EXPECT_EQ(asked("example.com"), 1u);
}

TEST_F(EngineTest, WhenOneResolverDeclinesTheOtherIsAsked) {
  options_.resolvers = {kResolver, kSecondResolver};
  sim::RuleResolver second(kSecondResolver, milliseconds(5));
  second.rule("com").zone = "com";
  rules_.rule("com").kind = Kind::kRefused;
  override_ = [&](const SeenQuery& query) {
    return query.to == kResolver ? rules_.answer(query) : second.answer(query);
  };
  run({"a.com", "b.com", "c.com", "d.com", "e.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 5u);
}

TEST_F(EngineTest, ATruncatedReplyIsAskedAgainOverTcp) {
  rules_.rule("example.com").kind = Kind::kTruncated;
  run({"example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kFound), 1u);
  EXPECT_EQ(engine_->counts().queries_tcp, 1u);
}

TEST_F(EngineTest, WhenTcpFailsTooTheResolverIsAtFaultNotTheName) {
  override_ = [&](const SeenQuery& query) {
    if (query.name != "example.com") return rules_.answer(query);
    if (query.tcp) return std::vector<Reply>{{milliseconds(1), kResolver, true, {}}};
    return std::vector<Reply>{
        {milliseconds(1), kResolver, false, sim::make_reply(query, wire::Rcode::kNoError, true)}};
  };
  run({"example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kNotReached), 1u);
  EXPECT_LE(engine_->counts().queries_tcp, 3u);
}

TEST_F(EngineTest, AResolverThatFoldsCaseIsAskedInLowerCaseAfterTheWait) {
  override_ = [&](const SeenQuery& query) {
    std::vector<Reply> replies = rules_.answer(query);
    for (Reply& reply : replies) {
      for (std::size_t i = 12; reply.bytes[i] != 0; i += reply.bytes[i] + 1u) {
        for (std::size_t c = i + 1; c <= i + reply.bytes[i]; ++c) {
          if (reply.bytes[c] >= 'A' && reply.bytes[c] <= 'Z') reply.bytes[c] += 32;
        }
      }
    }
    return replies;
  };
  run({"www.example.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 1u);
  EXPECT_GE(engine_->counts().mismatch_case, 1u);
}

TEST_F(EngineTest, NoSecondSeesMoreThanTheLimitOfAResolver) {
  options_.servers.server_qps = 200;
  std::vector<std::string> many;
  for (int i = 0; i < 2000; ++i) many.push_back("host" + std::to_string(i) + ".com");
  run(many);
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 2000u);
  EXPECT_LE(world_->busiest_second(kResolver), 200u);
  EXPECT_GE(world_->busiest_second(kResolver), 195u);
}

TEST_F(EngineTest, TheGlobalLimitStandsOverAllResolvers) {
  options_.resolvers = {kResolver, kSecondResolver};
  options_.servers.global_qps = 100;
  sim::RuleResolver second(kSecondResolver, milliseconds(5));
  override_ = [&](const SeenQuery& query) {
    return query.to == kResolver ? rules_.answer(query) : second.answer(query);
  };
  std::vector<std::string> many;
  for (int i = 0; i < 500; ++i) many.push_back("host" + std::to_string(i) + ".com");
  run(many);
  EXPECT_GE(world_->now() - Instant{}, milliseconds(4900));
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 500u);
}

TEST_F(EngineTest, ALimitOfARangeIsSharedByItsServersAndTheLongestRangeCounts) {
  const Endpoint neighbour = Endpoint::parse("192.0.2.54").value();
  options_.resolvers = {kResolver, neighbour};
  options_.servers.range_limits = {{AddressRange::parse("192.0.2.0/24").value(), 100},
                                   {AddressRange::parse("192.0.0.0/16").value(), 1}};
  sim::RuleResolver second(neighbour, milliseconds(5));
  override_ = [&](const SeenQuery& query) {
    return query.to == kResolver ? rules_.answer(query) : second.answer(query);
  };
  std::vector<std::string> many;
  for (int i = 0; i < 500; ++i) many.push_back("host" + std::to_string(i) + ".com");
  run(many);
  EXPECT_GE(world_->now() - Instant{}, milliseconds(4900));
  EXPECT_LE(world_->now() - Instant{}, milliseconds(7000));
}

TEST_F(EngineTest, NamesInAnExcludedZoneAreNeverAskedAndEndAsExcluded) {
  options_.servers.exclusions.zones.insert(wire::DnsName::from_text("example.com").value());
  rules_.rule("example.com").kind = Kind::kServfail;
  run({"www.example.com", "example.com", "notexample.com"});
  EXPECT_EQ(count(*engine_, Outcome::kExcluded), 2u);
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 1u);
  EXPECT_EQ(asked("www.example.com") + asked("example.com"), 0u);
  EXPECT_TRUE(world_->verdicts().empty());
}

TEST_F(EngineTest, ATinyCacheChangesCostNotVerdicts) {
  options_.cache_bytes_max = 0;
  rules_.rule("bad.com").kind = Kind::kServfail;
  run({"a.com", "b.com", "bad.com", "www.bad.com", "www.a.com"});
  EXPECT_EQ(count(*engine_, Outcome::kEmpty), 3u);
  EXPECT_EQ(count(*engine_, Outcome::kServfail), 2u);
}

TEST_F(EngineTest, GoodNamesHaveVerdictsWhereTheyAreWanted) {
  rules_.rule("found.example.com").kind = Kind::kCaa;
  run({"found.example.com", "empty.example.com"});
  EXPECT_TRUE(world_->verdicts().empty());

  options_.every_verdict = true;
  run({"found.example.com", "empty.example.com"});
  std::set<std::pair<std::string, Outcome>> told;
  for (const Verdict& verdict : world_->verdicts()) {
    EXPECT_EQ(verdict.finding, nullptr);
    EXPECT_TRUE(verdict.trace.empty());
    told.emplace(verdict.name.text(), verdict.outcome);
  }
  EXPECT_EQ(told,
            (std::set<std::pair<std::string, Outcome>>{{"empty.example.com", Outcome::kEmpty},
                                                       {"found.example.com", Outcome::kFound}}));
}

TEST_F(EngineTest, ATraceHoldsEveryStepOfEveryName) {
  options_.trace = true;
  run({"www.example.com"});
  ASSERT_EQ(world_->verdicts().size(), 1u);
  const Verdict& verdict = world_->verdicts()[0];
  EXPECT_EQ(verdict.outcome, Outcome::kEmpty);
  EXPECT_EQ(verdict.ended_at, "com");
  ASSERT_EQ(verdict.trace.size(), 3u);
  EXPECT_EQ(verdict.trace[0].resolution.attempts.size(), 1u);
}

TEST_F(EngineTest, TheSameSeedGivesTheSameTraffic) {
  faults_ = {0.1, 0.05, milliseconds(50)};
  rules_.rule("bad.com").kind = Kind::kServfail;
  std::vector<std::vector<std::uint8_t>> first;
  for (int turn = 0; turn < 2; ++turn) {
    run({"a.com", "b.com", "www.bad.com"});
    std::vector<std::vector<std::uint8_t>> bytes;
    for (const SeenQuery& query : world_->seen()) bytes.push_back(query.bytes);
    if (turn == 0) first = bytes;
    if (turn == 1) {
      EXPECT_EQ(first, bytes);
    }
  }
}

}  // namespace
}  // namespace caascan::engine
