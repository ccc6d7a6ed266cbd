// What a question costs in allocations, once the engine has the memory that it works with: the
// allocations of a whole run of questions are counted, and only those that the engine makes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <new>
#include <string>
#include <vector>

#include "tests/sim/sim_internet.h"

namespace {

bool counting = false;
std::size_t allocations = 0;

void* allocate(std::size_t octets) {
  if (counting) ++allocations;
  if (void* made = std::malloc(octets)) return made;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t octets) {
  return allocate(octets);
}
void* operator new[](std::size_t octets) {
  return allocate(octets);
}
void operator delete(void* at) noexcept {
  std::free(at);
}
void operator delete[](void* at) noexcept {
  std::free(at);
}
void operator delete(void* at, std::size_t) noexcept {
  std::free(at);
}
void operator delete[](void* at, std::size_t) noexcept {
  std::free(at);
}

namespace caascan::sim {
namespace {

constexpr int kZones = 8;
constexpr int kHosts = 1000;
// Names of each zone before anything is counted: caches, tables and queues are as large then as
// they get.
constexpr int kWarmUp = 200;
constexpr engine::Duration kOneWay = std::chrono::milliseconds(10);

struct OnItsWay {
  engine::Instant at;
  std::uint32_t socket;
  engine::Endpoint from;
  std::vector<std::uint8_t> bytes;
};

// Runs an engine on a network, and counts what it allocates.
class CountedRun {
 public:
  explicit CountedRun(Responder responder) : responder_(std::move(responder)) {}

  // Until every name has ended.
  void judge(engine::Engine& engine, const std::vector<std::string>& texts) {
    std::deque<DomainName> names;
    for (const std::string& text : texts) names.push_back(DomainName::from_canonical(text));
    while (!names.empty() || !engine.idle()) {
      while (!names.empty() && engine.wants_names()) {
        count([&] { engine.add_name(std::move(names.front()), number_++, now_); });
        names.pop_front();
      }
      count([&] { engine.advance(now_); });
      answer(engine);
      if (on_its_way_.empty()) {
        now_ = std::max(now_, engine.next_wake());
        continue;
      }
      now_ = std::max(now_, on_its_way_.front().at);
      while (!on_its_way_.empty() && on_its_way_.front().at <= now_) {
        const OnItsWay& reply = on_its_way_.front();
        count([&] { engine.on_datagram(reply.socket, reply.from, reply.bytes, now_); });
        on_its_way_.pop_front();
      }
    }
  }
  [[nodiscard]] std::size_t questions() const { return questions_; }

 private:
  template <typename Do>
  static void count(Do it) {
    counting = true;
    it();
    counting = false;
  }
  void answer(engine::Engine& engine) {
    engine::Outbox& outbox = engine.outbox();
    for (const engine::Datagram& datagram : outbox.datagrams) {
      ++questions_;
      SeenQuery query{now_, datagram.socket, datagram.to, false, datagram.attempt, {}, {}, {}};
      query.bytes.assign(outbox.bytes.begin() + datagram.offset,
                         outbox.bytes.begin() + datagram.offset + datagram.octets);
      wire::Cursor cursor(query.bytes, wire::kHeaderOctets);
      query.name = wire::DnsName::read(cursor).text();
      query.type = static_cast<wire::RecordType>(cursor.u16());
      for (Reply& reply : responder_(query))
        on_its_way_.push_back({now_ + 2 * kOneWay, query.socket, reply.from, reply.bytes});
    }
    outbox.clear();
  }

  Responder responder_;
  engine::Instant now_{};
  NameNumber number_ = 0;
  std::size_t questions_ = 0;
  std::deque<OnItsWay> on_its_way_;
};

void add_zone(SimInternet& internet, const std::string& apex, const std::string& at) {
  const engine::IpAddress address = engine::IpAddress::parse(at).value();
  SimZone& zone = internet.zone(apex);
  zone.nameservers = {{name_of("ns." + (apex == "." ? "com" : apex)), {address}}};
  internet.serve(address, zone.apex);
  if (apex == ".") return;
  const auto dot = apex.find('.');
  internet.zone(dot == std::string::npos ? "." : apex.substr(dot + 1)).nodes[zone.apex];
}

// What the engine allocates for each question, the first names not counted.
double allocations_a_question(engine::Engine& engine, CountedRun& run,
                              const std::vector<std::string>& first,
                              const std::vector<std::string>& others) {
  run.judge(engine, first);
  allocations = 0;
  const std::size_t before = run.questions();
  run.judge(engine, others);
  const std::size_t asked = run.questions() - before;
  EXPECT_EQ(engine.counts().names_by_outcome[static_cast<std::size_t>(Outcome::kEmpty)],
            first.size() + others.size());
  EXPECT_GE(asked, others.size());
  return static_cast<double>(allocations) / static_cast<double>(asked);
}

// A queue takes a block of memory for some tens at a time.
constexpr double kOfQueues = 0.1;

engine::EngineOptions options_of_the_test() {
  engine::EngineOptions options;
  options.sockets_v4 = options.sockets_v6 = 4;
  options.window_start = options.window_max = 200;
  options.cache_bytes_max = std::size_t{1} << 20;
  options.servers.server_qps = options.servers.infrastructure_qps = 1e6;
  return options;
}

TEST(Allocation, AQuestionToAKnownZoneMakesNone) {
  SimInternet internet;
  add_zone(internet, ".", "198.41.0.4");
  add_zone(internet, "com", "192.5.6.30");
  std::vector<std::string> first, others;
  for (int host = 0; host < kHosts; ++host) {
    for (int i = 0; i < kZones; ++i) {
      const std::string apex = "z" + std::to_string(i) + ".com";
      if (host == 0) add_zone(internet, apex, "5.0.0." + std::to_string(i + 1));
      const std::string name = "host" + std::to_string(host) + "." + apex;
      internet.zone(apex).nodes[name_of(name)];
      (host < kWarmUp ? first : others).push_back(name);
    }
  }
  engine::EngineOptions options = options_of_the_test();
  options.root = internet.root();
  SeededEntropy entropy(1);
  engine::Engine engine(options, entropy);
  CountedRun run([&](const SeenQuery& query) { return internet.answer(query); });
  EXPECT_LE(allocations_a_question(engine, run, first, others), kOfQueues);
}

TEST(Allocation, AQuestionToAResolverMakesNone) {
  std::vector<std::string> first, others;
  for (int i = 0; i < kZones * kHosts; ++i)
    (i < kZones * kWarmUp ? first : others).push_back("name" + std::to_string(i) + ".example.com");
  const engine::Endpoint at = engine::Endpoint::parse("192.0.2.1").value();
  RuleResolver resolver(at, {});
  resolver.rule("com");
  engine::EngineOptions options = options_of_the_test();
  options.resolvers = {at};
  SeededEntropy entropy(1);
  engine::Engine engine(options, entropy);
  CountedRun run([&](const SeenQuery& query) { return resolver.answer(query); });
  EXPECT_LE(allocations_a_question(engine, run, first, others), kOfQueues);
}

}  // namespace
}  // namespace caascan::sim
