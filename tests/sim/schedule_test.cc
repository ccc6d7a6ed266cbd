// A slow provider with many of the names: it holds up nobody else, and is itself never idle.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "tests/sim/sim_internet.h"

namespace caascan::sim {
namespace {

using engine::IpAddress;
using std::chrono::seconds;

constexpr int kProviders = 70;
constexpr int kZonesOfEach = 2;
constexpr int kHosts = 40;
constexpr int kSlowZones = 60;  // three names in ten
constexpr int kManySlowZones = 3000;
constexpr double kSlowQps = 10;
constexpr std::size_t kHeldMax = 1000;

IpAddress address(const std::string& text) {
  return IpAddress::parse(text).value();
}

struct World {
  SimInternet internet;
  std::vector<std::string> slow, others;
  std::vector<engine::Endpoint> slow_servers = {{address("5.0.0.1"), 53}, {address("5.0.0.2"), 53}};

  void add_zone(const std::string& apex, const std::string& provider,
                const std::vector<IpAddress>& addresses) {
    SimZone& parent = internet.zone(apex.substr(apex.find('.') + 1));
    SimZone& zone = internet.zone(apex);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      zone.nameservers.push_back(
          {name_of("ns" + std::to_string(i + 1) + "." + provider), {addresses[i]}});
      internet.serve(addresses[i], zone.apex);
    }
    parent.nodes[zone.apex];
  }
  explicit World(int slow_zones = kSlowZones, int slow_hosts = kHosts) {
    add_top(".", "198.41.0.4");
    add_top("com", "192.5.6.30");
    add_top("net", "192.5.6.31");
    for (int i = 0; i < slow_zones; ++i) {
      const std::string apex = "s" + std::to_string(i) + ".net";
      add_zone(apex, "slow.net", {slow_servers[0].address, slow_servers[1].address});
      add_hosts(apex, slow_hosts, slow);
    }
    for (int i = 0; i < kProviders * kZonesOfEach; ++i) {
      const std::string apex = "o" + std::to_string(i) + ".com";
      const int provider = i / kZonesOfEach;
      const std::string third = std::to_string(provider);
      add_zone(apex, "p" + third + ".com",
               {address("6.0." + third + ".1"), address("6.0." + third + ".2")});
      add_hosts(apex, kHosts, others);
    }
  }
  void add_top(const std::string& apex, const std::string& at) {
    SimZone& zone = internet.zone(apex);
    zone.nameservers = {{name_of("a.nic." + (apex == "." ? "com" : apex)), {address(at)}}};
    internet.serve(address(at), zone.apex);
  }
  void add_hosts(const std::string& apex, int hosts, std::vector<std::string>& into) {
    for (int host = 0; host < hosts; ++host) {
      const std::string name = "h" + std::to_string(host) + "." + apex;
      internet.zone(apex).nodes[name_of(name)];
      into.push_back(name);
    }
  }
};

struct Outcomes {
  std::map<std::string, int> ends;
  bool all_empty = true;
  engine::Instant ended{};
  engine::Instant most_others_asked{};  // 99 in a hundred of them
  double slow_share = 0;                // of what their limit allows, while they have names
  std::size_t busiest_slow = 0, busiest_other = 0;
  std::size_t put_away_most = 0;
  ScanCounts counts;
  std::size_t active_most = 0;
  std::map<std::string, int> seen_by_registry;  // of the slow zones, by question
};

double s(engine::Instant at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

// In an order by chance, as in a dump.
Outcomes run(const World& world, bool with_slow, bool put_away, bool one_group = false,
             std::size_t cache_bytes = engine::EngineOptions().cache_bytes_max,
             engine::Instant deadline = engine::kNever) {
  std::vector<std::string> texts = world.others;
  if (with_slow) texts.insert(texts.end(), world.slow.begin(), world.slow.end());
  SeededEntropy chance(7);
  for (std::size_t i = texts.size(); i > 1; --i) std::swap(texts[i - 1], texts[chance.next() % i]);
  PutAwayInMemory outside;
  engine::EngineOptions options;
  options.root = world.internet.root();
  options.names_held_max = kHeldMax;
  options.cache_bytes_max = cache_bytes;
  options.deadline = deadline;
  options.every_verdict = true;
  options.sockets_v4 = options.sockets_v6 = 4;
  if (one_group) {
    options.servers.suffix_limits = {{name_of("slow.net"), 2 * kSlowQps}};
  } else {
    for (const engine::Endpoint& server : world.slow_servers)
      options.servers.range_limits.push_back(
          {engine::AddressRange::parse(server.address.text() + "/32").value(), kSlowQps});
  }
  if (put_away) options.put_away = &outside;
  const engine::Engine* running = nullptr;
  Outcomes made;
  SimWorld net(1, [&](const SeenQuery& query) {
    made.active_most = std::max(made.active_most, running->active());
    return world.internet.answer(query);
  });
  engine::Engine engine(options, net.entropy());
  running = &engine;
  std::vector<DomainName> names;
  for (std::string& text : texts) names.push_back(DomainName::from_canonical(text));
  EXPECT_TRUE(net.run(engine, std::move(names)));
  made.ended = net.now();
  EXPECT_TRUE(net.settle(engine));
  for (const engine::Verdict& verdict : net.verdicts()) {
    ++made.ends[verdict.name.text()];
    made.all_empty = made.all_empty && verdict.outcome == Outcome::kEmpty;
  }
  const std::set<std::string> others(world.others.begin(), world.others.end());
  std::set<std::string> asked;
  std::size_t slow_seen = 0;
  engine::Instant slow_first = engine::kNever, slow_last{};
  for (const SeenQuery& query : net.seen()) {
    if (std::ranges::find(world.slow_servers, query.to) != world.slow_servers.end()) {
      ++slow_seen;
      slow_first = std::min(slow_first, query.at);
      slow_last = query.at;
    }
    if (query.to.address == address("192.5.6.31")) ++made.seen_by_registry[query.name];
    if (!others.contains(query.name) || query.to.address.octets[0] != 6) continue;
    if (asked.insert(query.name).second && asked.size() * 100 <= others.size() * 99)
      made.most_others_asked = query.at;
  }
  if (with_slow) {
    made.slow_share = static_cast<double>(slow_seen) / (2 * kSlowQps) /
                      std::chrono::duration<double>(slow_last - slow_first).count();
  }
  for (const engine::Endpoint& server : world.slow_servers)
    made.busiest_slow = std::max(made.busiest_slow, net.busiest_second(server));
  made.busiest_other = net.busiest_second({address("6.0.0.1"), 53});
  made.put_away_most = outside.most();
  made.counts = engine.counts();
  return made;
}

void expect_each_once(const Outcomes& outcomes, const World& world) {
  EXPECT_EQ(outcomes.ends.size(), world.slow.size() + world.others.size());
  for (const auto& [name, times] : outcomes.ends) EXPECT_EQ(times, 1) << name;
  EXPECT_TRUE(outcomes.all_empty);
  EXPECT_EQ(outcomes.counts.names_total, outcomes.ends.size());
}

TEST(Schedule, ASlowProviderHoldsUpNobodyElseAndIsNeverIdle) {
  const World world;
  const Outcomes alone = run(world, /*with_slow=*/false, /*put_away=*/true);
  const Outcomes together = run(world, /*with_slow=*/true, /*put_away=*/true);
  const Outcomes in_memory = run(world, /*with_slow=*/true, /*put_away=*/false);
  RecordProperty("alone_s", std::to_string(s(alone.most_others_asked)));
  RecordProperty("together_s", std::to_string(s(together.most_others_asked)));
  RecordProperty("in_memory_s", std::to_string(s(in_memory.most_others_asked)));
  RecordProperty("slow_share", std::to_string(together.slow_share));
  RecordProperty("active_most", std::to_string(together.active_most));
  EXPECT_LE(s(together.most_others_asked), s(alone.most_others_asked) * 1.1);
  EXPECT_GE(together.slow_share, 0.8);
  EXPECT_GT(together.put_away_most, world.slow.size() / 2);
  EXPECT_LE(together.active_most, kHeldMax + engine::kLineMax);
  for (const Outcomes& outcomes : {together, in_memory}) {
    EXPECT_LE(outcomes.busiest_slow, kSlowQps);
    EXPECT_LE(outcomes.busiest_other, 50u);
    expect_each_once(outcomes, world);
  }
  // What putting away is for.
  EXPECT_GT(s(in_memory.most_others_asked), s(alone.most_others_asked) * 10);
}

TEST(Schedule, AProviderWithOneLimitForAllItsServersIsNeverIdleEither) {
  const World world;
  const Outcomes together = run(world, /*with_slow=*/true, /*put_away=*/true, /*one_group=*/true);
  EXPECT_GE(together.slow_share, 0.8);
  EXPECT_LE(together.busiest_slow, 2 * kSlowQps);
  expect_each_once(together, world);
}

TEST(Schedule, AtTheDeadlineThoseOutsideAreLeft) {
  const World world;
  constexpr engine::Instant kDeadline(seconds(20));
  const Outcomes cut = run(world, /*with_slow=*/true, /*put_away=*/true, /*one_group=*/false,
                           engine::EngineOptions().cache_bytes_max, kDeadline);
  // Who was under way is a second or two from the end of its line.
  EXPECT_GE(cut.ended, kDeadline);
  EXPECT_LE(cut.ended, kDeadline + seconds(10));
  EXPECT_EQ(cut.ends.size(), world.slow.size() + world.others.size());
  const auto ended_as = [&](Outcome outcome) {
    return cut.counts.names_by_outcome[static_cast<std::size_t>(outcome)];
  };
  EXPECT_GT(ended_as(Outcome::kNotReached), world.slow.size() / 2);
  EXPECT_EQ(ended_as(Outcome::kNotReached), cut.counts.names_past_deadline);
  EXPECT_EQ(ended_as(Outcome::kNotReached) + ended_as(Outcome::kEmpty), cut.counts.names_total);
  EXPECT_GE(ended_as(Outcome::kEmpty), world.others.size());
}

// They wait so long that the cache has forgotten their delegations.
TEST(Schedule, WhoComesBackDoesNotAskTheRegistryAgain) {
  constexpr std::size_t kSmallCache = 1 << 20;
  const World world(kManySlowZones, /*slow_hosts=*/1);
  const Outcomes small =
      run(world, /*with_slow=*/true, /*put_away=*/true, /*one_group=*/false, kSmallCache);
  EXPECT_GT(small.put_away_most, world.slow.size() / 2);
  int twice = 0;
  for (const auto& [name, times] : small.seen_by_registry) twice += name != "net" && times > 1;
  RecordProperty("asked_twice", std::to_string(twice));
  EXPECT_GE(small.seen_by_registry.size(), static_cast<std::size_t>(kManySlowZones));
  EXPECT_EQ(twice, 0);
  expect_each_once(small, world);
}

// Zones of one name each, whose two servers say nothing or lose much.
struct Troubled {
  static constexpr int kZones = 1000;
  World world{0};
  std::map<std::string, std::size_t> sends;  // of the names' own questions, by server and name
  std::size_t sends_in_all = 0;
  ScanCounts counts;
  double ended_s = 0;

  // `is_lost` says so of each question to these servers.
  template <class IsLost>
  Troubled(std::uint8_t confirm_rounds, IsLost is_lost) {
    const std::vector<IpAddress> servers = {address("7.0.0.1"), address("7.0.0.2")};
    std::vector<DomainName> names;
    for (int i = 0; i < kZones; ++i) {
      const std::string apex = "t" + std::to_string(i) + ".net";
      world.add_zone(apex, "troubled.net", servers);
      names.push_back(DomainName::from_canonical(std::string(apex)));
    }
    engine::EngineOptions options;
    options.root = world.internet.root();
    options.sockets_v4 = options.sockets_v6 = 4;
    options.confirm_rounds = confirm_rounds;
    SimWorld net(1, [&](const SeenQuery& query) {
      if (query.to.address.octets[0] == 7) {
        ++sends_in_all;
        if (query.type == wire::RecordType::kCaa && query.name[0] == 't')
          ++sends[query.to.address.text() + " " + query.name];
        if (is_lost()) return std::vector<Reply>{};
      }
      return world.internet.answer(query);
    });
    engine::Engine engine(options, net.entropy());
    EXPECT_TRUE(net.run(engine, std::move(names)));
    ended_s = s(net.now());
    counts = engine.counts();
  }
  [[nodiscard]] std::uint64_t ended_as(Outcome outcome) const {
    return counts.names_by_outcome[static_cast<std::size_t>(outcome)];
  }
};

TEST(Schedule, SilentServersGetThreeProbesAndThenOneForEachNameAndRound) {
  const Troubled dead(2, [] { return true; });
  testing::Test::RecordProperty("ended_s", std::to_string(dead.ended_s));
  EXPECT_EQ(dead.ended_as(Outcome::kTimeout), std::uint64_t{Troubled::kZones});
  EXPECT_EQ(dead.sends.size(), std::size_t{2 * Troubled::kZones});
  std::size_t more = 0;
  for (const auto& [name, times] : dead.sends) {
    EXPECT_GE(times, 3u) << name;  // one in each of the three rounds
    more += times - 3;
  }
  EXPECT_LE(more, 2 * engine::ServerPace::kRepeatsAtFirst);
  EXPECT_LE(dead.counts.queries_repeated, 2 * engine::ServerPace::kRepeatsAtFirst);
}

// A fifth is lost each way, so one lookup in eight is in vain at both servers at first.
TEST(Schedule, AtServersThatLoseMuchOneQuestionInTenIsARepeat) {
  SeededEntropy chance(3);
  const Troubled lossy(2, [&] { return chance.next() % 100 < 36; });
  testing::Test::RecordProperty("repeats", std::to_string(lossy.counts.queries_repeated));
  testing::Test::RecordProperty("sends", std::to_string(lossy.sends_in_all));
  EXPECT_EQ(lossy.ended_as(Outcome::kEmpty), std::uint64_t{Troubled::kZones});
  EXPECT_GT(lossy.counts.queries_repeated, 0u);
  EXPECT_LE(
      static_cast<double>(lossy.counts.queries_repeated),
      0.1 * static_cast<double>(lossy.sends_in_all) + 2 * engine::ServerPace::kRepeatsAtFirst);
}

// Without later rounds nothing is left undone in the first.
TEST(Schedule, WhereNothingIsConfirmedQuestionsAreRepeatedAsOftenAsTheyNeed) {
  SeededEntropy chance(3);
  const Troubled lossy(0, [&] { return chance.next() % 2 == 0; });
  EXPECT_GT(lossy.ended_as(Outcome::kEmpty), std::uint64_t{Troubled::kZones * 95 / 100});
  EXPECT_GT(static_cast<double>(lossy.counts.queries_repeated),
            0.2 * static_cast<double>(lossy.sends_in_all));
}

}  // namespace
}  // namespace caascan::sim
