#include "output/latent.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "affected_fixtures.h"
#include "scanner/store/finding_store.h"

namespace caascan {
namespace {

using test::answer;
using test::TempDir;

// Work files in a folder of their own.
class LatentTest : public testing::Test {
 protected:
  LatentTest() {
    auto spill = FindingSpill::create(dir_.path());
    EXPECT_TRUE(spill.has_value());
    if (spill) spill_.emplace(std::move(*spill));
  }

  [[nodiscard]] std::filesystem::path file() const { return dir_.path() / "work.ndjson"; }
  auto degraded() { return read_degraded(file(), test::small_table(), *spill_); }
  auto hidden() { return read_hidden_caa(file(), test::small_table(), *spill_); }

  boost::json::value published(const LatentLine& line) {
    std::string text;
    EXPECT_TRUE(spill_->read(line.line, text).has_value());
    boost::system::error_code error;
    boost::json::value out = boost::json::parse(text, error);
    EXPECT_FALSE(error) << text;
    return out;
  }

 private:
  TempDir dir_;
  std::optional<FindingSpill> spill_;
};

TEST_F(LatentTest, AbsentFileIsAnEmptyList) {
  EXPECT_TRUE(degraded().value().empty());
  EXPECT_TRUE(hidden().value().empty());
}

TEST_F(LatentTest, LinesAreSortedAndTheFirstOfAZoneIsTaken) {
  Attempt bad = answer("wWw.b.example", 5);
  Attempt good = answer("www.b.example", 0);
  Attempt referral = answer("b.example", 0);
  test::write_file(file(), degraded_zone_to_json(
                               {"b.example", {"ns1.namebrightdns.com"}, {referral, bad, good}}) +
                               '\n' + degraded_zone_to_json({"a.example", {"ns.x.net"}, {}}) +
                               '\n' + degraded_zone_to_json({"b.example", {"ns.y.net"}, {good}}) +
                               '\n' + degraded_zone_to_json({"a-b.example", {}, {}}));
  const auto lines = degraded();
  ASSERT_TRUE(lines.has_value()) << lines.error();
  ASSERT_EQ(lines->size(), 3U);
  EXPECT_EQ((*lines)[0].name, "a-b.example");
  EXPECT_EQ((*lines)[1].name, "a.example");
  EXPECT_EQ((*lines)[2].name, "b.example");
  const boost::json::value line = published((*lines)[2]);
  EXPECT_EQ(line.at("zone"), "b.example");
  EXPECT_EQ(line.at("nameservers"), boost::json::array{"ns1.namebrightdns.com"});
  EXPECT_EQ(line.at("attempts").as_array().size(), 3U);
  EXPECT_EQ(line.at("provider"), "namebright");
  EXPECT_EQ(line.at("dig"), "dig +norec +dnssec +bufsize=1232 @192.0.2.1 wWw.b.example CAA");
  EXPECT_EQ(published((*lines)[0]).at("provider"), "unknown");
  EXPECT_EQ(published((*lines)[0]).at("dig"), "");
}

TEST_F(LatentTest, DigOfAnswersThatDoNotValidateIsThatOfTheFirst) {
  test::write_file(
      file(),
      degraded_zone_to_json({"a.example", {}, {answer("A.example", 0), answer("a.example", 0)}}));
  const auto lines = degraded();
  ASSERT_TRUE(lines.has_value()) << lines.error();
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_EQ(published((*lines)[0]).at("dig"),
            "dig +norec +dnssec +bufsize=1232 @192.0.2.1 A.example CAA");
}

TEST_F(LatentTest, DigOfAHiddenSetShowsTheEmptyAnswer) {
  Attempt set = answer("www.a.example", 0);
  set.section_counts = {1, 0, 0};
  Attempt lost = answer("WWW.a.example", 0);
  lost.result = AttemptResult::kTimeout;
  Attempt empty = answer("wWw.a.example", 0);
  test::write_file(
      file(), hidden_caa_to_json({"www.a.example", "a.example", {"ns.x.net"}, {set, lost, empty}}) +
                  '\n' + hidden_caa_to_json({"a.example", "a.example", {}, {set}}) + '\n');
  const auto lines = hidden();
  ASSERT_TRUE(lines.has_value()) << lines.error();
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_EQ((*lines)[0].name, "a.example");
  EXPECT_EQ(published((*lines)[0]).at("dig"), "");
  const boost::json::value line = published((*lines)[1]);
  EXPECT_EQ(line.at("name"), "www.a.example");
  EXPECT_EQ(line.at("zone"), "a.example");
  EXPECT_EQ(line.at("provider"), "x.net");
  EXPECT_EQ(line.at("dig"), "dig +norec +dnssec +bufsize=1232 @192.0.2.1 wWw.a.example CAA");
}

TEST_F(LatentTest, HostileNamesComeOutAsPrintableAscii) {
  const std::string hostile("\x1b[2J\r\n\0\xff\"", 9);
  test::write_file(file(), hidden_caa_to_json({hostile, hostile, {hostile}, {}}) + '\n');
  const auto lines = hidden();
  ASSERT_TRUE(lines.has_value()) << lines.error();
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_EQ((*lines)[0].name, "\\027[2J\\013\\010\\000\\255\"");
  EXPECT_EQ(published((*lines)[0]).at("zone").as_string(), (*lines)[0].name);
}

TEST_F(LatentTest, LineThatIsCutOrNoneOfOursIsNamed) {
  const std::string good = degraded_zone_to_json({"b.example", {}, {}});
  test::write_file(file(), good + '\n' + good.substr(0, good.size() / 2));
  EXPECT_TRUE(degraded().error().starts_with(file().string() + ": line 2: not JSON: "));
  test::write_file(file(), good + '\n');
  EXPECT_EQ(hidden().error(), file().string() + ": line 1: member \"name\" is missing");
}

}  // namespace
}  // namespace caascan
