// What the engine hands out for a later start of the run, and what another one makes of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "scanner/engine/engine.h"
#include "tests/sim/sim_world.h"

namespace caascan::engine {
namespace {

using sim::NameRule;
using sim::SeenQuery;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = NameRule::Kind;

const Endpoint kResolver = Endpoint::parse("192.0.2.53").value();
constexpr std::int64_t kEpochMs = 1'800'000'000'000;

std::vector<DomainName> names(std::vector<std::string> texts) {
  std::vector<DomainName> made;
  for (std::string& text : texts) made.push_back(DomainName::from_canonical(std::move(text)));
  return made;
}

class ResumeTest : public testing::Test {
 protected:
  ResumeTest() {
    options_.resolvers = {kResolver};
    options_.servers.server_qps = 1000;
    options_.confirm_rounds = 2;
    options_.confirm_after = seconds(30);
    options_.keep_progress = true;
    options_.epoch_unix_ms = kEpochMs;
    rules_.rule("com").zone = "com";
    rules_.rule("bad.com").kind = Kind::kServfail;
    rules_.rule("bad.com").caa_only = true;
    rules_.rule("silent.com").kind = Kind::kSilent;
    rules_.rule("caa.com").kind = Kind::kCaa;
  }
  // A start, as long as it is left alive. The clock goes on from the start before.
  void start(std::vector<std::string> texts, Duration alive = std::chrono::hours(1)) {
    options_.epoch_unix_ms += std::chrono::duration_cast<milliseconds>(lived_).count();
    lived_ = alive;
    world_.emplace(++seed_, [this](const SeenQuery& query) { return rules_.answer(query); });
    engine_.emplace(options_, world_->entropy());
    for (FailedName& failed : failed_) engine_->resume_name(std::move(failed), Instant{});
    failed_.clear();
    world_->run(*engine_, names(std::move(texts)), alive);
    for (FailedName& failed : engine_->take_failed()) {
      std::erase_if(failed_, [&](const FailedName& one) { return one.number == failed.number; });
      failed_.push_back(std::move(failed));
    }
  }

  EngineOptions options_;
  std::uint64_t seed_ = 0;
  Duration lived_{};
  sim::RuleResolver rules_{kResolver, milliseconds(20)};
  std::vector<FailedName> failed_;  // the latest of each name
  std::optional<sim::SimWorld> world_;
  std::optional<Engine> engine_;
};

TEST_F(ResumeTest, EveryNameThatEndsIsToldOnceByItsNumber) {
  start({"www.caa.com", "bad.com", "good.com"});
  std::vector<EndedName> ended = engine_->take_ended();
  std::ranges::sort(ended, {}, &EndedName::number);
  EXPECT_EQ(ended, (std::vector<EndedName>{
                       {0, Outcome::kFound}, {1, Outcome::kServfail}, {2, Outcome::kEmpty}}));
  EXPECT_TRUE(engine_->take_ended().empty());
  ASSERT_EQ(world_->verdicts().size(), 1u);
  EXPECT_EQ(world_->verdicts()[0].number, 1u);
}

TEST_F(ResumeTest, ANameKeepsTheRoundsInWhichItHasFailed) {
  start({"good.com", "bad.com"}, seconds(45));  // killed after the second of three rounds
  ASSERT_EQ(failed_.size(), 1u);
  EXPECT_EQ(failed_[0].number, 1u);
  EXPECT_EQ(failed_[0].round, 1);
  EXPECT_EQ(failed_[0].observed_unix_ms.size(), 2u);
  const std::vector<std::int64_t> observed = failed_[0].observed_unix_ms;
  const std::vector<Attempt> attempts = failed_[0].attempts;
  EXPECT_FALSE(attempts.empty());

  start({});
  EXPECT_EQ(engine_->counts().names_total, 1u);
  ASSERT_EQ(world_->verdicts().size(), 1u);
  EXPECT_EQ(world_->verdicts()[0].number, 1u);
  const Finding& finding = *world_->verdicts()[0].finding;
  EXPECT_EQ(finding.name.text(), "bad.com");
  EXPECT_EQ(finding.failing_label, "bad.com");
  ASSERT_EQ(finding.observed_unix_ms.size(), 3u);
  EXPECT_TRUE(std::equal(observed.begin(), observed.end(), finding.observed_unix_ms.begin()));
  EXPECT_GE(finding.observed_unix_ms[2] - observed[1], 30'000);
  EXPECT_TRUE(std::equal(attempts.begin(), attempts.end(), finding.attempts.begin()));
  EXPECT_EQ(finding.attempts.back().round, 2);
  // It was not asked from the first round on.
  EXPECT_EQ(std::ranges::count_if(world_->seen(),
                                  [](const SeenQuery& query) {
                                    return query.name == "bad.com" &&
                                           query.type == wire::RecordType::kCaa;
                                  }),
            1);
}

TEST_F(ResumeTest, ARoundThatIsOverdueBeginsAtOnceAndOneThatIsNotWaits) {
  start({"bad.com"}, seconds(1));
  ASSERT_EQ(failed_.size(), 1u);
  const FailedName failed = failed_[0];
  start({}, milliseconds(500));
  EXPECT_TRUE(world_->seen().empty());
  failed_ = {failed};
  lived_ = std::chrono::hours(2);  // as long as nobody had started it again
  start({}, milliseconds(500));
  EXPECT_FALSE(world_->seen().empty());
}

TEST_F(ResumeTest, OneGoodRoundAfterwardsTakesTheNameOff) {
  start({"bad.com"}, seconds(1));
  rules_.rule("bad.com").kind = Kind::kEmpty;
  start({});
  EXPECT_TRUE(world_->verdicts().empty());
  EXPECT_EQ(engine_->counts().names_cleared, 1u);
  EXPECT_EQ(engine_->take_ended(), (std::vector<EndedName>{{0, Outcome::kEmpty}}));
}

TEST_F(ResumeTest, NamesThatAreDoneArePassedOverAndKeepTheirNumbers) {
  options_.is_done = [](NameNumber number) { return number == 0 || number == 2; };
  start({"a.com", "b.com", "c.com", "d.com"});
  std::vector<EndedName> ended = engine_->take_ended();
  std::ranges::sort(ended, {}, &EndedName::number);
  EXPECT_EQ(ended, (std::vector<EndedName>{{1, Outcome::kEmpty}, {3, Outcome::kEmpty}}));
  EXPECT_EQ(engine_->counts().names_total, 2u);
}

TEST_F(ResumeTest, ANameWhosePartsCannotBeReadIsAskedFromTheStart) {
  start({"bad.com"}, seconds(1));
  ASSERT_EQ(failed_.size(), 1u);
  failed_[0].label = std::string("\5bad", 4);
  start({});
  EXPECT_EQ(engine_->counts().names_total, 1u);
  ASSERT_EQ(world_->verdicts().size(), 1u);
  EXPECT_EQ(world_->verdicts()[0].finding->observed_unix_ms.size(), 3u);
}

TEST_F(ResumeTest, NothingIsKeptWhereNobodyWantsIt) {
  options_.keep_progress = false;
  start({"bad.com", "good.com"});
  EXPECT_TRUE(engine_->take_ended().empty());
  EXPECT_TRUE(engine_->take_failed().empty());
  EXPECT_TRUE(engine_->take_alive().empty());
}

}  // namespace
}  // namespace caascan::engine
