#include "output/affected.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "affected_fixtures.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

using test::full_finding;
using test::make_affected;
using test::make_finding;
using test::TempDir;

std::string published(const Finding& finding, std::string_view provider) {
  return published_finding_json(finding, finding_to_json(finding), provider);
}

TEST(AffectedNames, AreSortedAndFoundByName) {
  const AffectedNames affected =
      make_affected({{.name = "b.example"}, {.name = "a-b.example"}, {.name = "a.example"}});
  ASSERT_EQ(affected.names().size(), 3U);
  EXPECT_EQ(affected.names()[0].name, "a-b.example");  // `-` sorts before `.`
  EXPECT_EQ(affected.names()[1].name, "a.example");
  EXPECT_EQ(affected.find("b.example"), 2U);
  EXPECT_EQ(affected.find("c.example"), std::nullopt);
  EXPECT_EQ(affected.find(""), std::nullopt);
}

TEST(AffectedNames, StayValidWhenMoved) {
  AffectedNames first = make_affected({{.name = "a.example", .nameservers = {"ns.x.net"}}});
  const AffectedNames moved = std::move(first);
  EXPECT_EQ(moved.names()[0].provider, "x.net");
  EXPECT_EQ(moved.find("a.example"), 0U);
}

TEST(AffectedNames, TwoFindingsOnOneNameAreAnError) {
  AffectedNames affected = test::no_affected();
  for (int twice = 0; twice < 2; ++twice) {
    const Finding finding = make_finding({.name = "a.example"});
    ASSERT_TRUE(affected.add(finding, finding_to_json(finding), test::small_table()).has_value());
  }
  EXPECT_EQ(affected.seal().error(), "a.example has more than one finding");
}

TEST(PublishedFinding, HasTheFindingAndWhatIsDerivedFromIt) {
  boost::system::error_code error;
  const boost::json::value line =
      boost::json::parse(published(full_finding(), "namebright"), error);
  ASSERT_FALSE(error);
  EXPECT_EQ(line.at("name"), "www.shop.example");
  EXPECT_EQ(line.at("provider"), "namebright");
  EXPECT_EQ(line.at("message"),
            "While processing CAA for www.shop.example: DNS problem: looking up CAA for "
            "shop.example: DNSSEC: NSEC Missing");
  EXPECT_EQ(line.at("message_2017"), "DNS problem: SERVFAIL looking up CAA for shop.example");
  EXPECT_EQ(line.at("dig"),
            "dig +norec +dnssec +bufsize=1232 +tcp -p 5353 @192.0.2.1 sHoP.eXample CAA");
  EXPECT_EQ(line.at("reason").at("id"), "registry");
  EXPECT_EQ(line.at("classes"), (boost::json::array{"blocks-le", "br-forbidden", "inherited"}));
  EXPECT_EQ(line.at("workarounds"), boost::json::array{});
}

TEST(PublishedFinding, SaysWhatToDo) {
  Finding finding = full_finding();
  finding.inherited = false;
  finding.alias_target.clear();
  boost::system::error_code error;
  const boost::json::value line = boost::json::parse(published(finding, "namebright"), error);
  ASSERT_FALSE(error);
  const Reason& reason = builtin_reasons().reason_of(finding);
  EXPECT_EQ(line.at("reason"),
            (boost::json::object{
                {"id", "case-dependent-denial"}, {"likely", reason.likely}, {"fix", reason.fix}}));
  ASSERT_EQ(line.at("workarounds").as_array().size(), 2U);
  EXPECT_EQ(line.at("workarounds").at(0).at("kind"), "caa-record");
  EXPECT_EQ(line.at("workarounds").at(0).at("at"), "shop.example");
  EXPECT_TRUE(line.at("workarounds").at(1).at("text").as_string().starts_with("A CNAME record at"));
  std::string keys;
  for (const auto& member : line.as_object()) keys += std::string(member.key()) + ' ';
  EXPECT_TRUE(keys.ends_with(
      " versions carried_from provider reason classes workarounds message message_2017 dig "))
      << keys;
}

TEST(PublishedFinding, IsReadBackAsTheFinding) {
  const auto read = finding_from_json(published(full_finding(), "namebright"));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, full_finding());
}

TEST(ReadAffected, SpillGivesBackThePublishedLines) {
  const TempDir dir;
  const auto path = dir.path() / "findings.zst";
  auto writer = FindingWriter::create(path);
  ASSERT_TRUE(writer.has_value());
  ASSERT_TRUE(writer->append(full_finding()).has_value());
  const Finding other = make_finding({.name = "a.example", .outcome = Outcome::kTimeout});
  ASSERT_TRUE(writer->append(other).has_value());
  ASSERT_TRUE(writer->close().has_value());
  auto spill = FindingSpill::create(dir.path());
  ASSERT_TRUE(spill.has_value());
  EXPECT_EQ(test::entries(dir.path()), std::vector<std::string>{"findings.zst"});
  const auto affected = read_affected(path, "", test::small_table(), std::move(*spill));
  ASSERT_TRUE(affected.has_value()) << affected.error();
  ASSERT_EQ(affected->names().size(), 2U);
  std::string line;
  ASSERT_TRUE(affected->read_line(affected->names()[1], line).has_value());
  EXPECT_EQ(line, published(full_finding(), "example-dns.net"));
  EXPECT_EQ(affected->read_finding(affected->names()[1]), full_finding());
  ASSERT_TRUE(affected->read_line(affected->names()[0], line).has_value());
  EXPECT_EQ(line, published(other, "example-dns.net"));
}

TEST(ReadAffected, FindingThatMustNotBePublishedIsAnError) {
  const TempDir dir;
  const auto path = dir.path() / "findings.zst";
  Finding cured = make_finding({.name = "a.example"});
  cured.outcome = Outcome::kEmpty;
  for (const Finding& finding : {cured, make_finding({.name = "A b.example"})}) {
    auto writer = FindingWriter::create(path);
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->append(finding).has_value());
    ASSERT_TRUE(writer->close().has_value());
    auto spill = FindingSpill::create(dir.path());
    ASSERT_TRUE(spill.has_value());
    EXPECT_EQ(read_affected(path, "", test::small_table(), std::move(*spill)).error(),
              path.string() + ": the finding on " + finding.name.text() +
                  " is not one on an affected name");
  }
}

}  // namespace
}  // namespace caascan
