#include "output/reason.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fixtures.h"

namespace caascan {
namespace {

using test::make_finding;

enum class Control { kNotAsked, kGood, kBad };

void set_control(Finding& finding, Control control) {
  finding.control_result.reset();
  finding.control_rcode.reset();
  if (control == Control::kNotAsked) return;
  finding.control_result = AttemptResult::kAnswer;
  finding.control_rcode = static_cast<std::uint8_t>(control == Control::kGood ? 0 : 2);
}

Finding failed(Cause cause, Control control = Control::kNotAsked, std::string version = "") {
  Finding out = make_finding({.name = "www.example.com", .zone = "example.com"});
  out.cause = cause;
  set_control(out, control);
  if (!version.empty()) out.versions = {{"192.0.2.1", std::move(version)}};
  return out;
}

Finding bogus(BogusKind kind, bool intermittent = false, std::string version = "") {
  Finding out = failed(Cause::kBogus, Control::kGood, std::move(version));
  out.security = Security::kBogus;
  out.bogus = kind;
  out.intermittent = intermittent;
  return out;
}

Finding at_resolver(std::optional<std::uint16_t> extended_error, Control control) {
  Finding out = failed(Cause::kServfail, control);
  out.attempts[0].server_name.clear();
  out.attempts[0].extended_error = extended_error;
  return out;
}

std::string id_of(const Finding& finding) {
  return builtin_reasons().reason_of(finding).id;
}

constexpr std::string_view kPowerDns403 =
    "PowerDNS Authoritative Server 4.0.3 (built Jan 17 2017 10:11:12 by root@host)";

TEST(Reasons, PowerDnsIsToldByItsVersionOrByWhatItDoes) {
  constexpr std::string_view kId = "powerdns-wrong-denial";
  EXPECT_EQ(id_of(bogus(BogusKind::kWrongDenial, false, std::string(kPowerDns403))), kId);
  EXPECT_EQ(id_of(bogus(BogusKind::kWrongDenial, true, "Served by PowerDNS - powerdns")), kId);
  EXPECT_EQ(id_of(bogus(BogusKind::kWrongDenial, true)), kId);
  EXPECT_EQ(id_of(bogus(BogusKind::kWrongDenial, true, "PowerDNS Authoritative Server 4.0.4")),
            "case-dependent-denial");
  EXPECT_EQ(id_of(bogus(BogusKind::kWrongDenial, true, "self-written")), "case-dependent-denial");
  EXPECT_EQ(id_of(bogus(BogusKind::kWrongDenial)), "wrong-denial");
  EXPECT_EQ(id_of(bogus(BogusKind::kExpired, false, std::string(kPowerDns403))),
            "signatures-expired");
  EXPECT_TRUE(builtin_reasons()
                  .reason_of(bogus(BogusKind::kWrongDenial, true))
                  .fix.contains("PowerDNS to 4.0.4 or later"));
}

TEST(Reasons, ServfailForCaaOnlyDependsOnTheSoftware) {
  const auto id = [](std::string version) {
    return id_of(failed(Cause::kServfail, Control::kGood, std::move(version)));
  };
  EXPECT_EQ(id("PowerDNS Authoritative Server 3.3.3"), "powerdns-fancy-records");
  EXPECT_EQ(id("PowerDNS Authoritative Server 3.4.11"), "powerdns-broken-caa");
  EXPECT_EQ(id(std::string(kPowerDns403)), "powerdns-broken-caa");
  EXPECT_EQ(id("PowerDNS Authoritative Server 4.7.3"), "powerdns-broken-caa");
  EXPECT_EQ(id("PowerDNS Authoritative Server 5.0.2"), "powerdns-absent-type");
  EXPECT_EQ(id("9.18.1"), "caa-servfail");
  EXPECT_EQ(id(""), "caa-servfail");
}

TEST(Reasons, ControlQuestionTellsAFaultOfCaaFromADeadZone) {
  const std::map<Cause, std::pair<std::string, std::string>> ids = {
      {Cause::kServfail, {"caa-servfail", "zone-servfail"}},
      {Cause::kRefused, {"caa-refused", "zone-refused"}},
      {Cause::kNotimp, {"caa-notimp", "notimp"}},
      {Cause::kFormerr, {"caa-formerr", "formerr"}},
      {Cause::kOtherRcode, {"caa-other-rcode", "other-rcode"}},
      {Cause::kMalformed, {"caa-malformed", "malformed-replies"}},
      {Cause::kTimeout, {"caa-dropped", "nameservers-silent"}}};
  for (const auto& [cause, expected] : ids) {
    EXPECT_EQ(id_of(failed(cause, Control::kGood)), expected.first);
    EXPECT_EQ(id_of(failed(cause, Control::kBad)), expected.second);
    EXPECT_EQ(id_of(failed(cause, Control::kNotAsked)), expected.second);
  }
  // A name without an address is as good a sign of a zone that is served.
  Finding nxdomain = failed(Cause::kRefused, Control::kGood);
  nxdomain.control_rcode = 3;
  EXPECT_EQ(id_of(nxdomain), "caa-refused");
  Finding silent = failed(Cause::kRefused, Control::kGood);
  silent.control_result = AttemptResult::kTimeout;
  EXPECT_EQ(id_of(silent), "zone-refused");
}

TEST(Reasons, ServersThatAnswerCaaButNotForKeysAreTold) {
  Attempt refused = test::answer("example.com", 5);
  for (const auto& [type, id] :
       {std::pair{"DNSKEY", "dnskey-unanswered"}, {"DS", "ds-unanswered"}}) {
    Finding finding = failed(Cause::kRefused, Control::kGood);
    refused.qtype = type;
    finding.attempts = {test::answer("www.example.com", 0), refused};
    EXPECT_EQ(id_of(finding), id);
    set_control(finding, Control::kBad);
    EXPECT_EQ(id_of(finding), id);
    finding.cause = Cause::kTruncatedNoTcp;
    EXPECT_EQ(id_of(finding), "needs-tcp");
    finding.attempts.pop_back();
    finding.cause = Cause::kRefused;
    EXPECT_EQ(id_of(finding), "zone-refused");
  }
}

TEST(Reasons, RegistrysFaultIsNeverTheDomains) {
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    Finding finding = failed(static_cast<Cause>(i), Control::kGood);
    finding.inherited = true;
    EXPECT_EQ(id_of(finding), "registry");
  }
}

TEST(Reasons, AliasToABrokenTargetIsTold) {
  Finding finding = failed(Cause::kTimeout, Control::kBad);
  finding.alias_target = "gone.example.net";
  EXPECT_EQ(id_of(finding), "alias-target-broken");
  set_control(finding, Control::kGood);
  EXPECT_EQ(id_of(finding), "caa-dropped");
  finding.cause = Cause::kAliasLoop;
  EXPECT_EQ(id_of(finding), "alias-loop");
}

TEST(Reasons, ResolversExtendedErrorStandsForOurOwnValidation) {
  const std::map<std::uint16_t, std::string> ids = {
      {5, "dnssec-bogus"},          {6, "caa-bogus-at-resolver"},
      {7, "signatures-expired"},    {8, "signatures-not-yet-valid"},
      {9, "ds-without-key"},        {10, "missing-signatures"},
      {11, "dnssec-bogus"},         {12, "missing-denial"},
      {22, "caa-fails-at-resolver"}};
  for (const auto& [code, id] : ids) EXPECT_EQ(id_of(at_resolver(code, Control::kGood)), id);
  EXPECT_EQ(id_of(at_resolver(6, Control::kBad)), "dnssec-bogus");
  EXPECT_EQ(id_of(at_resolver(22, Control::kBad)), "no-reachable-server");
  EXPECT_EQ(id_of(at_resolver(std::nullopt, Control::kBad)), "zone-fails-at-resolver");
  // An authoritative server's extended error is no verdict on the lookup.
  Finding finding = failed(Cause::kRefused);
  finding.attempts[0].extended_error = 7;
  EXPECT_EQ(id_of(finding), "zone-refused");
}

// Calls `visit` with findings of every kind that conditions can tell apart.
template <typename Visit>
void for_each_kind(Visit visit) {
  const std::vector<std::string> versions = {"",
                                             "NSD 4.6.1",
                                             "Served by PowerDNS",
                                             "PowerDNS 3.3.3",
                                             "PowerDNS 4.0.3",
                                             "PowerDNS 4.7.3",
                                             "PowerDNS 5.0.2"};
  const auto visit_all = [&](const Finding& base) {
    for (const Control control : {Control::kNotAsked, Control::kGood, Control::kBad}) {
      for (const std::string& version : versions) {
        for (unsigned flags = 0; flags < 32; ++flags) {
          Finding finding = base;
          set_control(finding, control);
          finding.versions = {{"192.0.2.1", version}};
          finding.intermittent = (flags & 1) != 0;
          finding.version_dependent = (flags & 2) != 0;
          finding.inherited = (flags & 4) != 0;
          if ((flags & 8) != 0) finding.alias_target = "target.example.net";
          if ((flags & 16) == 0) {
            for (const std::string type : {"CAA", "DNSKEY", "DS"}) {
              finding.attempts[0].qtype = type;
              visit(finding);
            }
            continue;
          }
          finding.attempts[0].server_name.clear();
          for (std::uint16_t code = 0; code < 25; ++code) {
            finding.attempts[0].extended_error = code;
            visit(finding);
          }
        }
      }
    }
  };
  for (std::size_t i = 0; i < kCauseCount; ++i) visit_all(failed(static_cast<Cause>(i)));
  for (std::size_t i = 1; i < kBogusKindCount; ++i) visit_all(bogus(static_cast<BogusKind>(i)));
}

TEST(Reasons, EveryLineOfTheTableIsReached) {
  std::map<std::string, int> reached;
  for (const Reason& reason : builtin_reasons().reasons()) reached[reason.id] = 0;
  for_each_kind([&](const Finding& finding) { ++reached[id_of(finding)]; });
  for (const auto& [id, times] : reached) EXPECT_GT(times, 0) << id;
}

TEST(Reasons, EveryCauseAndEveryKindOfBogusHasAReason) {
  for (std::size_t i = 1; i < kCauseCount; ++i) {
    EXPECT_NE(id_of(failed(static_cast<Cause>(i))), "unknown") << word(static_cast<Cause>(i));
  }
  std::set<std::string> ids;
  for (std::size_t i = 1; i < kBogusKindCount; ++i) {
    const std::string id = id_of(bogus(static_cast<BogusKind>(i)));
    EXPECT_NE(id, "dnssec-bogus") << word(static_cast<BogusKind>(i));
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
  EXPECT_EQ(id_of(bogus(BogusKind::kNone)), "dnssec-bogus");
  EXPECT_EQ(id_of(failed(Cause::kNone)), "unknown");
}

TEST(Reasons, AreOneSentenceEach) {
  for (const Reason& reason : builtin_reasons().reasons()) {
    for (const std::string& text : {reason.likely, reason.fix}) {
      EXPECT_FALSE(text.contains(". ")) << text;
      EXPECT_GT(text.size(), 20U);
      EXPECT_LT(text.size(), 220U) << text;
    }
  }
}

// They are in published files, so a rename is a break of the format.
TEST(Reasons, PublishedIdentifiersStay) {
  std::string ids;
  for (const Reason& reason : builtin_reasons().reasons()) ids += reason.id + ' ';
  EXPECT_EQ(ids,
            "registry powerdns-wrong-denial case-dependent-denial caa-bogus-at-resolver "
            "wrong-denial missing-denial signatures-expired signatures-not-yet-valid no-dnskey "
            "ds-mismatch ds-without-key missing-signatures bad-signature no-ds-proof "
            "too-many-checks dnssec-bogus needs-tcp dnskey-unanswered ds-unanswered alias-loop "
            "alias-target-broken powerdns-fancy-records powerdns-absent-type powerdns-broken-caa "
            "caa-servfail caa-dropped caa-refused caa-notimp caa-formerr caa-other-rcode "
            "caa-malformed caa-fails-at-resolver no-address special-use-address lame-delegation "
            "depends-on-resolver nameservers-silent unreachable no-reachable-server "
            "zone-fails-at-resolver zone-refused powerdns-servfail zone-servfail notimp formerr "
            "other-rcode malformed-replies too-many-questions unknown ");
}

TEST(ReasonTable, FirstLineThatHoldsIsTaken) {
  const auto table = ReasonTable::parse(
      "# comment\n\na\tcause=refused|notimp control=good or cause=lame\tA.\tDo a.\r\n"
      "b\tcause=refused\tB.\tDo b.\nc\t*\tC.\tDo c.",
      "test");
  ASSERT_TRUE(table.has_value()) << table.error();
  const auto id = [&](const Finding& finding) { return table->reason_of(finding).id; };
  EXPECT_EQ(id(failed(Cause::kRefused, Control::kGood)), "a");
  EXPECT_EQ(id(failed(Cause::kNotimp, Control::kGood)), "a");
  EXPECT_EQ(id(failed(Cause::kLame)), "a");
  EXPECT_EQ(id(failed(Cause::kRefused)), "b");
  EXPECT_EQ(id(failed(Cause::kNotimp)), "c");
  EXPECT_EQ(table->reason_of(failed(Cause::kLame)).fix, "Do a.");
}

struct BadTable {
  std::string_view text, error;
};

TEST(ReasonTable, ErrorNamesOriginAndLine) {
  const BadTable tables[] = {
      {"", "r.tsv: no line holds always"},
      {"# x\n", "r.tsv: no line holds always"},
      {"a\tcause=lame\tA.\tB.\n", "r.tsv: no line holds always"},
      {"a\t*\tA.\tB.\nb\t*\tA.\tB.\n", "r.tsv: line 2: stands behind the line that holds always"},
      {"a\t*\tA.\n", "r.tsv: line 1: not ID<TAB>CONDITIONS<TAB>LIKELY<TAB>FIX"},
      {"a\t*\tA.\tB.\tC.\n", "r.tsv: line 1: not ID<TAB>CONDITIONS<TAB>LIKELY<TAB>FIX"},
      {"# x\nA b\t*\tA.\tB.\n", "r.tsv: line 2: the identifier is not a word of a-z, 0-9 and `-`"},
      {"\t*\tA.\tB.\n", "r.tsv: line 1: the identifier is not a word of a-z, 0-9 and `-`"},
      {"a\tcause=lame\tA.\tB.\na\t*\tA.\tB.\n",
       "r.tsv: line 2: the identifier stands in the table already"},
      {"a\t*\tA\tB.\n",
       "r.tsv: line 1: the reason or the fix is not a sentence of printable ASCII"},
      {"a\t*\tA.\t.\n",
       "r.tsv: line 1: the reason or the fix is not a sentence of printable ASCII"},
      {"a\t*\tA\xff.\tB.\n",
       "r.tsv: line 1: the reason or the fix is not a sentence of printable ASCII"},
      {"a\t\tA.\tB.\n", "r.tsv: line 1: \"\" is no condition"},
      {"a\tcause\tA.\tB.\n", "r.tsv: line 1: \"cause\" is no condition"},
      {"a\treason=x\tA.\tB.\n", "r.tsv: line 1: \"reason=x\" is no condition"},
      {"a\tcause=lame \tA.\tB.\n", "r.tsv: line 1: \"\" is no condition"},
      {"a\tcause=lame or \tA.\tB.\n", "r.tsv: line 1: \"\" is no condition"},
      {"a\tcause=lane\tA.\tB.\n", "r.tsv: line 1: \"lane\" is no value of cause"},
      {"a\tcause=lame|\tA.\tB.\n", "r.tsv: line 1: \"\" is no value of cause"},
      {"a\tbogus=lame\tA.\tB.\n", "r.tsv: line 1: \"lame\" is no value of bogus"},
      {"a\tintermittent=maybe\tA.\tB.\n", "r.tsv: line 1: \"maybe\" is no value of intermittent"},
      {"a\tversion-dependent=\tA.\tB.\n", "r.tsv: line 1: \"\" is no value of version-dependent"},
      {"a\tinherited=1\tA.\tB.\n", "r.tsv: line 1: \"1\" is no value of inherited"},
      {"a\talias=none\tA.\tB.\n", "r.tsv: line 1: \"none\" is no value of alias"},
      {"a\tcontrol=yes\tA.\tB.\n", "r.tsv: line 1: \"yes\" is no value of control"},
      {"a\tasked=google\tA.\tB.\n", "r.tsv: line 1: \"google\" is no value of asked"},
      {"a\tquestion=a\tA.\tB.\n", "r.tsv: line 1: \"a\" is no value of question"},
      {"a\tede=-1\tA.\tB.\n", "r.tsv: line 1: \"-1\" is no value of ede"},
      {"a\tede=123456\tA.\tB.\n", "r.tsv: line 1: \"123456\" is no value of ede"},
      {"a\tsoftware=BIND\tA.\tB.\n", "r.tsv: line 1: \"BIND\" is no value of software"},
  };
  for (const BadTable& bad : tables) {
    const auto parsed = ReasonTable::parse(bad.text, "r.tsv");
    ASSERT_FALSE(parsed.has_value()) << bad.text;
    EXPECT_EQ(parsed.error(), bad.error);
  }
}

}  // namespace
}  // namespace caascan
