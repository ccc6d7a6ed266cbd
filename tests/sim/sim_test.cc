// Random worlds: hundreds of names, a resolver that loses, doubles, delays and lies, one seed each.
// The expected outcome of every name is computed from the rules, not from the engine.
#include <gtest/gtest.h>

#include <map>

#include "tests/sim/sim_world.h"

namespace caascan::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = NameRule::Kind;

const engine::Endpoint kResolver = engine::Endpoint::parse("192.0.2.53").value();

struct World {
  RuleResolver rules{kResolver, milliseconds(15)};
  std::vector<std::string> names;
};

World make_world(SeededEntropy& chance) {
  World world;
  const std::array<Kind, 6> kinds = {Kind::kEmpty,    Kind::kCaa,       Kind::kServfail,
                                     Kind::kNxDomain, Kind::kTruncated, Kind::kSilent};
  for (int zone = 0; zone < 30; ++zone) {
    const std::string apex = "zone" + std::to_string(zone) + (chance.next() % 2 ? ".com" : ".net");
    NameRule& rule = world.rules.rule(apex);
    rule.kind = kinds[chance.next() % kinds.size()];
    rule.caa_only = chance.next() % 2;
    rule.zone = apex;
    rule.nameservers = {"ns1.provider" + std::to_string(chance.next() % 3) + ".net"};
    world.names.push_back(apex);
    for (std::uint64_t host = chance.next() % 6; host > 0; --host) {
      const std::string name = "h" + std::to_string(host) + "." + apex;
      if (chance.next() % 3 == 0) {
        NameRule& own = world.rules.rule(name);
        own.kind = kinds[chance.next() % kinds.size()];
        own.zone = apex;
      }
      world.names.push_back(name);
    }
  }
  return world;
}

Outcome expected(const RuleResolver& rules, std::string name) {
  while (true) {
    const NameRule* rule = rules.find(name);
    const Kind kind = rule == nullptr ? Kind::kEmpty : rule->kind;
    if (kind == Kind::kServfail) return Outcome::kServfail;
    if (kind == Kind::kSilent) return Outcome::kTimeout;
    if (kind == Kind::kCaa || kind == Kind::kTruncated) return Outcome::kFound;
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return Outcome::kEmpty;
    name = name.substr(dot + 1);
  }
}

// Five forged replies around each question, all saying SERVFAIL.
void add_forgeries(const SeenQuery& query, std::vector<Reply>& replies) {
  if (query.tcp) return;
  const std::vector<std::uint8_t> base = make_reply(query, wire::Rcode::kServFail);
  std::vector<std::uint8_t> wrong_id = base;
  wrong_id[0] ^= 0x5A;
  std::vector<std::uint8_t> wrong_question = base;
  wrong_question[13] = wrong_question[13] == '0' ? '1' : '0';
  std::vector<std::uint8_t> no_question = base;
  no_question[5] = 0;
  engine::Endpoint other_address = kResolver;
  other_address.address.octets[3] ^= 1;
  engine::Endpoint other_port = kResolver;
  other_port.port = 5353;
  replies.push_back({milliseconds(1), kResolver, false, wrong_id});
  replies.push_back({milliseconds(1), kResolver, false, wrong_question});
  replies.push_back({milliseconds(1), kResolver, false, no_question});
  replies.push_back({milliseconds(1), other_address, false, base});
  replies.push_back({milliseconds(1), other_port, false, base});
}

class RandomWorld : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomWorld, EveryNameEndsOnceAsTheRulesSayAndTheLimitIsKept) {
  SeededEntropy chance(GetParam());
  const World world = make_world(chance);
  SimWorld net(GetParam(),
               [&](const SeenQuery& query) {
                 std::vector<Reply> replies = world.rules.answer(query);
                 add_forgeries(query, replies);
                 return replies;
               },
               {.loss = 0, .duplicate = 0.05, .jitter_max = milliseconds(200)});
  engine::EngineOptions options;
  options.resolvers = {kResolver};
  options.servers.server_qps = 150;
  options.confirm_after = seconds(5);
  options.trace = true;
  options.window_max = 40;
  engine::Engine engine(options, net.entropy());
  std::vector<DomainName> names;
  for (const std::string& name : world.names) names.push_back(DomainName::from_canonical(name));
  ASSERT_TRUE(net.run(engine, names));

  std::map<std::string, int> ends;
  for (const engine::Verdict& verdict : net.verdicts()) {
    ++ends[verdict.name.text()];
    EXPECT_EQ(verdict.outcome, expected(world.rules, verdict.name.text())) << verdict.name.text();
    EXPECT_EQ(verdict.finding != nullptr, is_affected(verdict.outcome));
  }
  EXPECT_EQ(ends.size(), world.names.size());
  for (const auto& [name, times] : ends) EXPECT_EQ(times, 1) << name;
  EXPECT_LE(net.busiest_second(kResolver), 150u);
  EXPECT_EQ(engine.counts().names_total, world.names.size());
  EXPECT_GT(engine.counts().mismatch_id, 0u);
  EXPECT_GT(engine.counts().mismatch_question, 0u);
  EXPECT_GT(engine.counts().mismatch_address, 0u);
}

// With a fifth of all datagrams lost, a name may come out as a timeout by chance in one round, but
// a wrong accusation needs the same chance in every round; and nothing that answers well is ever
// called SERVFAIL.
TEST_P(RandomWorld, LossNeverMakesAServfailAndAFaultThatAnswersIsNeverLost) {
  SeededEntropy chance(GetParam());
  const World world = make_world(chance);
  SimWorld net(GetParam(), [&](const SeenQuery& query) { return world.rules.answer(query); },
               {.loss = 0.2, .duplicate = 0.05, .jitter_max = milliseconds(100)});
  engine::EngineOptions options;
  options.resolvers = {kResolver};
  options.confirm_rounds = 2;
  options.trace = true;
  engine::Engine engine(options, net.entropy());
  std::vector<DomainName> names;
  for (const std::string& name : world.names) names.push_back(DomainName::from_canonical(name));
  ASSERT_TRUE(net.run(engine, names));
  for (const engine::Verdict& verdict : net.verdicts()) {
    const Outcome right = expected(world.rules, verdict.name.text());
    if (verdict.outcome == Outcome::kServfail) {
      EXPECT_EQ(right, Outcome::kServfail) << verdict.name.text();
    }
    if (right == Outcome::kFound || right == Outcome::kEmpty) {
      EXPECT_NE(verdict.outcome, Outcome::kServfail) << verdict.name.text();
    }
  }
  EXPECT_EQ(net.verdicts().size(), world.names.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWorld, testing::Range<std::uint64_t>(1, 101));

}  // namespace
}  // namespace caascan::sim
