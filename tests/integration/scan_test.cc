// The whole scanner with real sockets, against a resolver on loopback.
#include "scanner/scan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "tests/integration/fake_resolver.h"

namespace caascan::integration {
namespace {

using std::chrono::milliseconds;

struct Scanned {
  ScanResult result;
  std::map<std::string, Finding> findings;
};

Scanned run(ScanOptions options, const std::vector<std::string>& names,
            const std::atomic<bool>* stop = nullptr) {
  NameQueue queue;
  std::jthread producer([&] {
    std::vector<DomainName> batch;
    for (const std::string& name : names) {
      batch.push_back(DomainName::from_canonical(name));
      if (batch.size() == 1000) {
        if (!queue.push(std::move(batch))) return;
        batch = {};
      }
    }
    if (queue.push(std::move(batch))) queue.close();
  });
  Scanned made;
  auto result = scan(
      options, queue,
      [&](engine::Verdict&& verdict) -> std::expected<void, std::string> {
        const std::string name = verdict.name.text();
        if (!made.findings.emplace(name, std::move(*verdict.finding)).second) {
          return std::unexpected(name + " has two verdicts");
        }
        return {};
      },
      stop);
  EXPECT_TRUE(result) << result.error();
  if (result) made.result = *result;
  return made;
}

std::uint64_t count(const Scanned& run, Outcome outcome) {
  return run.result.counts.names_by_outcome[static_cast<std::size_t>(outcome)];
}

ScanOptions options_for(const FakeResolver& resolver, double qps = 20000) {
  ScanOptions options;
  options.engine.resolvers = {resolver.endpoint()};
  options.engine.servers.server_qps = qps;
  options.engine.confirm_after = milliseconds(50);
  return options;
}

TEST(Scan, GivesEachKindOfAnswerItsOutcome) {
  const FakeResolver resolver;
  const Scanned made = run(options_for(resolver),
                           {"sf1.a.com", "caa1.a.com", "ok1.a.com", "tc1.a.com", "sf2.b.net"});
  EXPECT_EQ(count(made, Outcome::kServfail), 2u);
  EXPECT_EQ(count(made, Outcome::kFound), 2u);
  EXPECT_EQ(count(made, Outcome::kEmpty), 1u);
  EXPECT_EQ(made.result.counts.queries_tcp, 1u);
  const Finding& finding = made.findings.at("sf1.a.com");
  EXPECT_EQ(finding.zone, "a.com");
  EXPECT_EQ(finding.nameservers, std::vector<std::string>{"ns1.hoster.net"});
  EXPECT_EQ(finding.attempts.at(0).server_address, "127.0.0.1");
  EXPECT_EQ(finding.control_rcode, 0);
}

TEST(Scan, ShardsJudgeEachNameOnceWithinOneBudget) {
  const FakeResolver resolver;
  ScanOptions options = options_for(resolver, 5000);
  options.threads = 3;
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    for (const char* kind : {"sf", "ok"}) names.push_back(fmt::format("{}1.d{}.com", kind, i));
  }
  const Scanned made = run(options, names);
  EXPECT_EQ(made.result.counts.names_total, 2000u);
  EXPECT_EQ(count(made, Outcome::kServfail), 1000u);
  EXPECT_EQ(count(made, Outcome::kEmpty), 1000u);
  EXPECT_EQ(made.findings.size(), 1000u);
  // Two rounds and the diagnosis ask more than this; one budget has them take as long as that.
  const double asked = static_cast<double>(made.result.counts.queries_udp);
  EXPECT_GE(asked, 4000);
  EXPECT_GE(made.result.counts.elapsed_s, (asked - 100) / 5000);
}

TEST(Scan, AnEmptyInputEndsAtOnce) {
  const FakeResolver resolver;
  const Scanned made = run(options_for(resolver), {});
  EXPECT_EQ(made.result.counts.names_total, 0u);
  EXPECT_FALSE(made.result.interrupted);
}

TEST(Scan, AStopLeavesNamesNotReachedAndTheBalanceWhole) {
  const FakeResolver resolver;
  const std::atomic<bool> stop{true};
  const Scanned made = run(options_for(resolver), {"ok1.a.com", "ok2.a.com"}, &stop);
  EXPECT_TRUE(made.result.interrupted);
  EXPECT_EQ(count(made, Outcome::kNotReached), made.result.counts.names_total);
}

TEST(Scan, AfterTheDeadlineNamesAreTakenAndNotAsked) {
  const FakeResolver resolver;
  ScanOptions options = options_for(resolver);
  options.deadline = std::chrono::steady_clock::now();
  const Scanned made = run(options, {"ok1.a.com", "ok2.a.com", "sf1.a.com"});
  EXPECT_FALSE(made.result.interrupted);
  EXPECT_EQ(made.result.counts.names_total, 3u);
  EXPECT_EQ(count(made, Outcome::kNotReached), 3u);
  EXPECT_EQ(made.result.counts.names_past_deadline, 3u);
  EXPECT_EQ(made.result.counts.queries_udp, 0u);
}

TEST(Scan, ASinkThatFailsEndsTheScanWithItsError) {
  const FakeResolver resolver;
  NameQueue queue;
  std::vector<DomainName> batch;
  batch.push_back(DomainName::from_canonical("sf1.a.com"));
  ASSERT_TRUE(queue.push(std::move(batch)));
  queue.close();
  const auto result =
      scan(options_for(resolver), queue, [](engine::Verdict&&) -> std::expected<void, std::string> {
        return std::unexpected("disk full");
      });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "disk full");
}

TEST(Scan, AClosedPortIsNotTheNamesFault) {
  engine::Endpoint nobody = engine::Endpoint::parse("127.0.0.1").value();
  {
    const FakeResolver gone;
    nobody = gone.endpoint();
  }
  ScanOptions options;
  options.engine.resolvers = {nobody};
  const Scanned made = run(options, {"ok1.a.com"});
  EXPECT_EQ(count(made, Outcome::kNotReached), 1u);
}

// 100,000 names with forged replies around every true one: each name ends once, as its label says;
// the resolver never sees more in a second than its limit, and the first question leaves within a
// second.
TEST(Scan, AHundredThousandNamesBalanceWithinTheLimitAndNoForgeryIsBelieved) {
  const FakeResolver resolver({.forge = true});
  constexpr double kQps = 30000;
  std::vector<std::string> names;
  std::map<Outcome, std::uint64_t> expected;
  for (int i = 0; i < 100000; ++i) {
    const std::string zone = ".zone" + std::to_string(i) + ".com";
    if (i % 1000 == 7) {
      names.push_back("drop" + std::to_string(i) + zone);
      ++expected[Outcome::kTimeout];
    } else if (i % 100 == 3) {
      names.push_back("sf" + std::to_string(i) + zone);
      ++expected[Outcome::kServfail];
    } else if (i % 4 == 0) {
      names.push_back("caa" + std::to_string(i) + zone);
      ++expected[Outcome::kFound];
    } else {
      names.push_back("ok" + std::to_string(i) + zone);
      ++expected[Outcome::kEmpty];
    }
  }
  ScanOptions options = options_for(resolver, kQps);
  const Scanned made = run(options, names);
  const ScanCounts& counts = made.result.counts;
  EXPECT_EQ(counts.names_total, 100000u);
  for (const auto& [outcome, number] : expected)
    EXPECT_EQ(count(made, outcome), number) << word(outcome);
  EXPECT_EQ(made.findings.size(), expected[Outcome::kServfail] + expected[Outcome::kTimeout]);
  EXPECT_LT(counts.first_query_s, 1.0);
  // By the kernel's time of arrival; a little room for the clock that is slewed meanwhile.
  EXPECT_LE(resolver.busiest_second(), static_cast<std::uint64_t>(kQps * 1.01));
  EXPECT_GE(resolver.forged(), 1'000'000u);
  EXPECT_GT(counts.mismatch_id, 0u);
  EXPECT_GT(counts.mismatch_address, 0u);
  EXPECT_GT(counts.mismatch_case, 0u);
  EXPECT_GT(counts.mismatch_question, 0u);
  RecordProperty("seconds", std::to_string(counts.elapsed_s));
  RecordProperty("forged", std::to_string(resolver.forged()));
}

}  // namespace
}  // namespace caascan::integration
