#include "output/audit.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "fixtures.h"
#include "scanner/store/finding_store.h"

namespace caascan {
namespace {

using test::make_finding;
using test::TempDir;

AuditedName listed(std::string name, Outcome outcome, Cause cause) {
  AuditedName made{.name = DomainName::from_canonical(name), .ours = outcome, .cause = cause};
  made.failing_label = std::move(name);
  return made;
}
AuditedName other(std::string name, std::optional<Outcome> outcome = {}) {
  return {.name = DomainName::from_canonical(std::move(name)), .ours = outcome};
}
OracleVerdict verdict(const std::string& name, Outcome outcome, std::string why = "") {
  OracleVerdict made{.name = DomainName::from_canonical(name), .outcome = outcome};
  if (outcome != Outcome::kEmpty) made.label = name;
  if (outcome == Outcome::kServfail) made.rcode = 2;
  made.why = std::move(why);
  return made;
}

Audit example() {
  Audit audit;
  audit.version = "0.1.0";
  audit.resolver = "libunbound 1.17.1";
  audit.generation = "20261124T170000Z";
  audit.started_unix_s = 1795539600;
  audit.finished_unix_s = 1795539660;
  audit.seed = 18446744073709551615U;
  audit.listed = 7;
  AuditedName flaky = listed("c.example", Outcome::kServfail, Cause::kBogus);
  flaky.intermittent = true;
  audit.rows = pair_up(
      {other("g.example"), listed("a.example", Outcome::kServfail, Cause::kRefused),
       listed("b.example", Outcome::kServfail, Cause::kTruncatedNoTcp), flaky,
       listed("d.example", Outcome::kTimeout, Cause::kTimeout), other("e.example", Outcome::kFound),
       other("f.example"), other("z.example")},
      {verdict("f.example", Outcome::kServfail, "signature \033[2Jexpired"),
       verdict("e.example", Outcome::kFound), verdict("a.example", Outcome::kServfail, "SERVFAIL"),
       verdict("b.example", Outcome::kTimeout, "no answer within 15 s"),
       verdict("c.example", Outcome::kEmpty), verdict("d.example", Outcome::kTimeout),
       verdict("g.example", Outcome::kExcluded)});
  return audit;
}

TEST(Agreement, IsAsTheTableSays) {
  using O = Outcome;
  using A = Agreement;
  struct Case {
    std::optional<O> ours;
    O theirs;
    A wanted;
  };
  const Case cases[] = {
      {{}, O::kFound, A::kAgree},
      {{}, O::kEmpty, A::kAgree},
      {{}, O::kServfail, A::kDisagree},
      {{}, O::kTimeout, A::kDisagree},
      {O::kFound, O::kFound, A::kAgree},
      {O::kFound, O::kEmpty, A::kDisagree},
      {O::kFound, O::kServfail, A::kDisagree},
      {O::kEmpty, O::kEmpty, A::kAgree},
      {O::kEmpty, O::kFound, A::kDisagree},
      {O::kEmpty, O::kTimeout, A::kDisagree},
      {O::kServfail, O::kServfail, A::kAgree},
      {O::kServfail, O::kTimeout, A::kOtherClass},
      {O::kServfail, O::kFound, A::kDisagree},
      {O::kServfail, O::kEmpty, A::kDisagree},
      {O::kTimeout, O::kTimeout, A::kAgree},
      {O::kTimeout, O::kServfail, A::kOtherClass},
      {O::kTimeout, O::kEmpty, A::kDisagree},
      {{}, O::kNotReached, A::kNotJudged},
      {O::kServfail, O::kNotReached, A::kNotJudged},
      {O::kServfail, O::kExcluded, A::kNotJudged},
  };
  for (const Case& row : cases) {
    EXPECT_EQ(agreement(row.ours, row.theirs), row.wanted)
        << (row.ours ? word(*row.ours) : "good") << " and " << word(row.theirs);
  }
}

TEST(AuditRows, ArePairedByNameAndSortedAndOnlyWhereBothAreThere) {
  const Audit audit = example();
  std::string names;
  for (const AuditRow& row : audit.rows) {
    EXPECT_EQ(row.ours.name, row.theirs.name);
    names += row.ours.name.text().front();
  }
  EXPECT_EQ(names, "abcdefg");
}

TEST(AuditJson, HasCountsAndEveryDifference) {
  EXPECT_EQ(audit_json(example()), R"({
  "schema_version": 1,
  "version": "0.1.0",
  "resolver": "libunbound 1.17.1",
  "generation": "20261124T170000Z",
  "started": "2026-11-24T17:00:00Z",
  "finished": "2026-11-24T17:01:00Z",
  "seed": "18446744073709551615",
  "listed": 7,
  "names": 7,
  "agree": 3,
  "other_class": 1,
  "disagree": 2,
  "not_judged": 1,
  "pairs": [
    {
      "ours": "found",
      "unbound": "found",
      "names": 1
    },
    {
      "ours": "good",
      "unbound": "excluded",
      "names": 1
    },
    {
      "ours": "good",
      "unbound": "servfail",
      "names": 1
    },
    {
      "ours": "servfail",
      "unbound": "empty",
      "names": 1
    },
    {
      "ours": "servfail",
      "unbound": "servfail",
      "names": 1
    },
    {
      "ours": "servfail",
      "unbound": "timeout",
      "names": 1
    },
    {
      "ours": "timeout",
      "unbound": "timeout",
      "names": 1
    }
  ],
  "disagreements": [
    {
      "name": "c.example",
      "ours": "servfail",
      "cause": "bogus",
      "failing_label": "c.example",
      "unbound": "empty",
      "unbound_label": "",
      "unbound_rcode": 0,
      "unbound_why": "",
      "notes": [
        "intermittent"
      ]
    },
    {
      "name": "f.example",
      "ours": "good",
      "cause": "none",
      "failing_label": "",
      "unbound": "servfail",
      "unbound_label": "f.example",
      "unbound_rcode": 2,
      "unbound_why": "signature \\027[2Jexpired",
      "notes": []
    }
  ],
  "other_classes": [
    {
      "name": "b.example",
      "ours": "servfail",
      "cause": "truncated-no-tcp",
      "failing_label": "b.example",
      "unbound": "timeout",
      "unbound_label": "b.example",
      "unbound_rcode": 0,
      "unbound_why": "no answer within 15 s",
      "notes": []
    }
  ]
}
)");
}

TEST(AuditText, HasCountsAndALineForEachDifference) {
  EXPECT_EQ(audit_text(example()),
            "audit of 20261124T170000Z by libunbound 1.17.1: 4 of 7 listed names, 3 others\n"
            "  ours       Unbound         names\n"
            "  found      found               1\n"
            "  good       excluded            1\n"
            "  good       servfail            1\n"
            "  servfail   empty               1\n"
            "  servfail   servfail            1\n"
            "  servfail   timeout             1\n"
            "  timeout    timeout             1\n"
            "disagree\n"
            "  c.example  ours: servfail at c.example: bogus; Unbound: empty (intermittent)\n"
            "  f.example  ours: good; Unbound: servfail at f.example: signature \\027[2Jexpired\n"
            "differ in class\n"
            "  b.example  ours: servfail at b.example: truncated-no-tcp; Unbound: timeout at "
            "b.example: no answer within 15 s\n"
            "not judged\n"
            "  g.example  ours: good; Unbound: excluded at g.example\n"
            "3 agree (50.00 %), 1 differ in class, 2 disagree\n");
}

TEST(AuditText, OfNothingHasNoShare) {
  Audit audit;
  audit.generation = "20261124T170000Z";
  audit.resolver = "libunbound 1.17.1";
  EXPECT_EQ(audit_text(audit),
            "audit of 20261124T170000Z by libunbound 1.17.1: 0 of 0 listed names, 0 others\n"
            "  ours       Unbound         names\n"
            "0 agree, 0 differ in class, 0 disagree\n");
}

TEST(PublishedSet, HasTheAffectedNamesAndWhoServesThem) {
  const TempDir dir;
  const auto folder = dir.path() / "generations/20261124T170000Z";
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink("generations/20261124T170000Z", dir.path() / "current");
  auto writer = FindingWriter::create(folder / "findings.ndjson.zst").value();
  Finding finding = make_finding({.name = "www.b.example",
                                  .outcome = Outcome::kTimeout,
                                  .zone = "b.example",
                                  .nameservers = {"ns1.host.example.net"}});
  finding.cause = Cause::kTimeout;
  finding.version_dependent = true;
  ASSERT_TRUE(writer.append(finding));
  finding = make_finding({.name = "a.example", .zone = "a.example"});
  finding.nameservers.clear();
  finding.intermittent = true;
  ASSERT_TRUE(writer.append(finding));
  ASSERT_TRUE(writer.close());

  const auto set = read_published(dir.path(), ProviderTable::parse("", "").value());
  ASSERT_TRUE(set) << set.error();
  EXPECT_EQ(set->generation, "20261124T170000Z");
  ASSERT_EQ(set->affected.size(), 2u);
  EXPECT_EQ(set->affected[0].name.text(), "a.example");
  EXPECT_EQ(set->affected[0].ours, Outcome::kServfail);
  EXPECT_EQ(set->affected[0].servers, "a.example");
  EXPECT_TRUE(set->affected[0].intermittent);
  EXPECT_EQ(set->affected[1].name.text(), "www.b.example");
  EXPECT_EQ(set->affected[1].ours, Outcome::kTimeout);
  EXPECT_EQ(set->affected[1].cause, Cause::kTimeout);
  EXPECT_EQ(set->affected[1].failing_label, "www.b.example");
  EXPECT_EQ(set->affected[1].servers, "example.net");
  EXPECT_TRUE(set->affected[1].version_dependent);
}

TEST(PublishedSet, ThatIsNotThereIsAnError) {
  const TempDir dir;
  const auto set = read_published(dir.path(), ProviderTable::parse("", "").value());
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(),
            "cannot open " + (dir.path() / "current").string() + ": No such file or directory");
}

TEST(WriteAudit, ReplacesTheFileAndLeavesNothingBeside) {
  const TempDir dir;
  ASSERT_TRUE(write_audit(dir.path(), "old\n"));
  ASSERT_TRUE(write_audit(dir.path(), "new\n"));
  EXPECT_EQ(test::read_file(dir.path() / "audit.json"), "new\n");
  EXPECT_EQ(test::entries(dir.path()), std::vector<std::string>{"audit.json"});
  EXPECT_FALSE(write_audit(dir.path() / "nowhere", "new\n"));
}

}  // namespace
}  // namespace caascan
