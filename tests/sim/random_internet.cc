#include "tests/sim/random_internet.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "tests/sim/internet_builder.h"
#include "tests/sim/run_checker.h"
#include "tests/sim/sim_world.h"

namespace caascan::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// With loss a forged reply that has the right id, address and port could stand alone, which nobody
// off the path can make happen: those are for weather without loss.
constexpr std::array<Weather, 5> kWeathers = {{{"calm", 0, 0, 0, false, 1},
                                               {"jitter", 0, 0.1, 200, false, 1},
                                               {"forgery", 0, 0.05, 100, true, 1},
                                               {"loss-5%", 0.05, 0.05, 100, false, 3},
                                               {"loss-20%", 0.2, 0.05, 300, false, 2}}};

// Replies that all say SERVFAIL, each wrong in one thing, before and after the true one.
// `used` has the ids of each socket so far: a wrong id that happens to be another question's would
// be a lucky hit, one in 65,536, which counts as a garbled reply to that question.
void add_forgeries(const SeenQuery& query, SeededEntropy& chance,
                   std::set<std::pair<std::uint32_t, unsigned>>& used,
                   std::vector<Reply>& replies) {
  if (query.tcp) return;
  used.insert({query.socket, query.bytes[0] << 8U | query.bytes[1]});
  const bool silence = replies.empty();
  const std::vector<std::uint8_t> base = make_reply(query, wire::Rcode::kServFail);
  const auto put = [&](const engine::Endpoint& from, std::vector<std::uint8_t> bytes) {
    replies.push_back({milliseconds(1 + chance.next() % 60), from, false, std::move(bytes)});
  };
  std::vector<std::uint8_t> bytes = base;
  while (used.contains({query.socket, bytes[0] << 8U | bytes[1]})) {
    bytes[0] = static_cast<std::uint8_t>(chance.next());
    bytes[1] = static_cast<std::uint8_t>(chance.next());
  }
  put(query.to, bytes);
  engine::Endpoint from = query.to;
  from.port = static_cast<std::uint16_t>(1024 + chance.next() % 60000);
  put(from, base);
  from = query.to;
  from.address.octets[from.address.v6 ? 15 : 3] ^=
      static_cast<std::uint8_t>(1 + chance.next() % 255);
  put(from, base);
  // The others have the right id, address and port: nobody off the path can send them where there
  // is no true reply to copy from. The root has neither letters nor another name.
  if (silence || base[12] == 0) return;
  bytes = base;
  bytes[13] = bytes[13] == '0' ? '1' : '0';
  put(query.to, bytes);
  bytes = base;
  for (std::size_t i = 13; i < 13u + base[12]; ++i) {
    const bool letter = (bytes[i] | 0x20) >= 'a' && (bytes[i] | 0x20) <= 'z';
    if (!letter) continue;
    bytes[i] ^= 0x20;
    put(query.to, bytes);
    break;
  }
}

}  // namespace

SeedReport run_seed(std::uint64_t seed) {
  SeedReport report;
  report.seed = seed;
  SeededEntropy chance(seed);
  // A quarter of the seeds has a signed root, in every weather.
  const bool is_signed = seed / kWeathers.size() % 4 == 1;
  InternetBuilder built(chance, report.fault_classes, is_signed, seed);
  built.build();
  report.names = built.names.size();
  const Weather& weather = kWeathers[seed % kWeathers.size()];
  ++report.fault_classes[fmt::format("weather-{}", weather.word)];

  engine::EngineOptions options;
  options.root = built.internet.root();
  options.trust_anchors = built.internet.trust_anchors();
  options.epoch_unix_ms = is_signed ? SimInternet::kEpoch_unix_s * 1000 : 0;
  options.sockets_v4 = options.sockets_v6 = 4;
  options.confirm_rounds = static_cast<std::uint32_t>(weather.confirm_rounds);
  options.confirm_after = seconds(5);
  options.trace = true;
  options.infer = seed % 2 == 0;
  options.window_max = chance.next() % 2 ? 1000 : 1 + chance.next() % 50;
  if (chance.next() % 4 == 0) options.names_held_max = 1 + chance.next() % 50;
  constexpr std::array<double, 4> kRates = {10, 50, 100, 350};
  options.servers.server_qps = kRates[chance.next() % kRates.size()];
  options.servers.infrastructure_qps = kRates[1 + chance.next() % 3];
  options.servers.forbidden = special_use();
  if (chance.next() % 3 == 0) {
    options.servers.global_qps = 200;
    ++report.fault_classes["limit-global"];
  }
  if (chance.next() % 3 == 0) {
    options.servers.range_limits = {{engine::AddressRange::parse("6.0.0.0/16").value(), 30}};
    ++report.fault_classes["limit-range"];
  } else if (chance.next() % 2 == 0) {
    for (const auto& [apex, zone] : built.internet.zones()) {
      if (apex.text().starts_with("provider0.")) options.servers.suffix_limits = {{apex, 20}};
    }
    ++report.fault_classes["limit-suffix"];
  }
  // A cache that forgets the links of a chain before it is whole may find a ring where none is, and
  // asks a parent for DS again and again: kept out of the oracle's way.
  const bool tiny_cache = chance.next() % 10 == 0 && !is_signed;
  if (tiny_cache) {
    options.cache_bytes_max = chance.next() % 20000;
    ++report.fault_classes["tiny-cache"];
  }

  // Lines are full with four names then.
  PutAwayInMemory outside;
  if (chance.next() % 2 == 0) {
    options.put_away = &outside;
    options.names_held_max = 1 + chance.next() % 300;
  }

  SeededEntropy forger(seed ^ 0x5EED);
  std::set<std::pair<std::uint32_t, unsigned>> used_ids;
  SimWorld net(seed,
               [&](const SeenQuery& query) {
                 std::vector<Reply> replies = built.internet.answer(query);
                 if (weather.forged) add_forgeries(query, forger, used_ids, replies);
                 return replies;
               },
               {weather.loss, weather.duplicate, milliseconds(weather.jitter_max_ms)});
  engine::Engine engine(options, net.entropy());
  std::vector<DomainName> names;
  for (const std::string& name : built.names) names.push_back(DomainName::from_canonical(name));
  RunChecker checker(built, weather, options, report);
  if (!net.run(engine, std::move(names))) checker.differ("the run did not end");
  if (!net.settle(engine)) checker.differ("something went on for ever");
  report.questions = net.seen().size();
  if (outside.most() > 0) ++report.fault_classes["names-put-away"];
  checker.check_verdicts(net, engine);
  checker.check_limits(net);
  if (weather.loss == 0 && !tiny_cache) checker.check_parents(net, engine.counts().names_cleared);
  return report;
}

}  // namespace caascan::sim
