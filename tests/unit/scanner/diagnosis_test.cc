#include "scanner/engine/diagnosis.h"

#include <gtest/gtest.h>

#include <map>

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;

DnsName name(std::string_view text) {
  return DnsName::from_text(text).value();
}

Resolution failure(Cause cause = Cause::kServfail) {
  Resolution made;
  made.failed = true;
  made.cause = cause;
  made.rcode = 2;
  return made;
}
Resolution soa(std::string_view apex) {
  Resolution made;
  made.records.push_back(
      {wire::Section::kAuthority, RecordType::kSoa, name(apex), {}, name("mail.example.org")});
  return made;
}
Resolution cname(std::string_view owner, std::string_view target) {
  Resolution made;
  made.records.push_back(
      {wire::Section::kAnswer, RecordType::kCname, name(owner), name(target), {}});
  return made;
}
Resolution ns(std::string_view apex, std::vector<std::string_view> targets) {
  Resolution made;
  for (const std::string_view target : targets) {
    made.records.push_back({wire::Section::kAnswer, RecordType::kNs, name(apex), name(target), {}});
  }
  return made;
}

// Answers from a table; what is not in it fails.
Diagnosis run(std::string_view label, std::map<std::string, Resolution> answers) {
  Diagnosis diagnosis(name(label));
  for (int questions = 0; !diagnosis.done(); ++questions) {
    if (questions > 100) {
      ADD_FAILURE() << "does not end";
      break;
    }
    const Question question = diagnosis.question();
    const auto found =
        answers.find(question.name.text() + " " + std::string(wire::word(question.type)));
    diagnosis.on_answer(found == answers.end() ? failure() : found->second);
  }
  return diagnosis;
}

TEST(Diagnosis, ACaaOnlyFaultHasItsZoneFromTheSoaAndAGoodControl) {
  const Diagnosis d =
      run("www.example.com", {{"www.example.com A", {}},
                              {"www.example.com SOA", soa("example.com")},
                              {"example.com NS", ns("example.com", {"ns2.x.net", "ns1.x.net"})}});
  EXPECT_EQ(d.zone()->text(), "example.com");
  EXPECT_EQ(d.nameservers(), (std::vector<std::string>{"ns1.x.net", "ns2.x.net"}));
  EXPECT_EQ(d.soa_contact(), "mail.example.org");
  EXPECT_EQ(d.control_result(), AttemptResult::kAnswer);
  EXPECT_EQ(d.control_rcode(), 0);
  EXPECT_TRUE(d.alias_target().is_root());
}

TEST(Diagnosis, ADeadZoneIsTheChildOfTheFirstParentThatAnswers) {
  const Diagnosis d = run("a.b.example.com", {{"com SOA", soa("com")}});
  EXPECT_EQ(d.zone()->text(), "example.com");
  EXPECT_TRUE(d.nameservers().empty());
  EXPECT_EQ(d.soa_contact(), "");
  EXPECT_EQ(d.control_rcode(), 2);
}

TEST(Diagnosis, ADeadSubzoneIsNotItsParentsFault) {
  const Diagnosis d = run("x.sub.example.com", {{"example.com SOA", soa("example.com")}});
  EXPECT_EQ(d.zone()->text(), "sub.example.com");
}

TEST(Diagnosis, ABrokenAliasTargetIsTheZoneAtFault) {
  const Diagnosis d =
      run("www.example.com", {{"www.example.com CNAME", cname("www.example.com", "cdn.broken.net")},
                              {"net SOA", soa("net")}});
  EXPECT_EQ(d.zone()->text(), "broken.net");
  EXPECT_EQ(d.alias_target().text(), "cdn.broken.net");
}

TEST(Diagnosis, AnAliasWhoseTargetAnswersSoaIsFollowedInOneQuestion) {
  Resolution answer = cname("www.example.com", "cdn.other.net");
  answer.records.push_back(soa("other.net").records[0]);
  const Diagnosis d = run("www.example.com", {{"www.example.com SOA", answer}});
  EXPECT_EQ(d.zone()->text(), "other.net");
  EXPECT_EQ(d.alias_target().text(), "cdn.other.net");
}

TEST(Diagnosis, AnAliasLoopEnds) {
  const Diagnosis d = run("a.com", {{"a.com CNAME", cname("a.com", "b.com")},
                                    {"b.com CNAME", cname("b.com", "a.com")}});
  EXPECT_TRUE(d.done());
  EXPECT_FALSE(d.zone());
}

TEST(Diagnosis, WhenNothingAnswersTheTldIsAtFault) {
  const Diagnosis d = run("example.com", {});
  EXPECT_EQ(d.zone()->text(), "com");
}

TEST(Diagnosis, ASilentControlIsATimeout) {
  Diagnosis d(name("example.com"));
  d.on_answer(failure(Cause::kTimeout));
  EXPECT_EQ(d.control_result(), AttemptResult::kTimeout);
  EXPECT_FALSE(d.control_rcode());
}

}  // namespace
}  // namespace caascan::engine
