#include "output/earlier_verdicts.h"

#include <gtest/gtest.h>

#include "fixtures.h"
#include "scanner/store/finding_store.h"

namespace caascan {
namespace {

namespace fs = std::filesystem;
using test::make_finding;
using test::TempDir;

constexpr std::int64_t kSeen = 1'732'467'600;

Finding seen(std::string name, std::int64_t at_unix_s = kSeen) {
  Finding made = make_finding({.name = std::move(name)});
  made.observed_unix_ms = {(at_unix_s - 60) * 1000, at_unix_s * 1000};
  return made;
}

class EarlierVerdictsTest : public testing::Test {
 protected:
  void publish(const std::vector<Finding>& findings) {
    fs::create_directories(dir_.path() / "generations/20241124T170000Z");
    fs::create_directory_symlink("generations/20241124T170000Z", dir_.path() / "current");
    auto out = FindingWriter::create(dir_.path() / "current/findings.ndjson.zst");
    ASSERT_TRUE(out.has_value());
    for (const Finding& finding : findings) ASSERT_TRUE(out->append(finding).has_value());
    ASSERT_TRUE(out->close().has_value());
  }
  std::vector<Finding> carried(const EarlierVerdicts& before,
                               const std::function<bool(std::uint64_t)>& is_open,
                               std::int64_t now_unix_s = kSeen) {
    const fs::path path = dir_.path() / "carried";
    const auto written = before.write(path, is_open, now_unix_s);
    EXPECT_TRUE(written.has_value()) << written.error();
    auto reader = FindingReader::open(path);
    EXPECT_TRUE(reader.has_value());
    std::vector<Finding> made;
    Finding finding;
    while (reader->next(finding).value_or(false)) made.push_back(finding);
    EXPECT_EQ(made.size(), *written);
    return made;
  }

  TempDir dir_;
};

bool every(std::uint64_t /*number*/) {
  return true;
}

TEST_F(EarlierVerdictsTest, WithoutASetThereIsNothing) {
  const auto before = EarlierVerdicts::read(dir_.path());
  ASSERT_TRUE(before.has_value());
  EXPECT_FALSE(before->has_value());
}

TEST_F(EarlierVerdictsTest, NamesSeenAndOpenAreCarriedWithTheirEvidence) {
  publish({seen("gone.example"), seen("judged.example"), seen("open.example")});
  auto before = EarlierVerdicts::read(dir_.path());
  ASSERT_TRUE(before.has_value() && *before);
  (*before)->saw("good.example", 0);
  (*before)->saw("judged.example", 1);
  (*before)->saw("open.example", 7);
  const auto names = carried(**before, [](std::uint64_t number) { return number != 1; });
  ASSERT_EQ(names.size(), 1U);
  Finding expected = seen("open.example");
  expected.carried_from = "20241124T170000Z";
  EXPECT_EQ(names[0], expected);
}

TEST_F(EarlierVerdictsTest, WhatIsCarriedAgainKeepsTheSetThatItComesFrom) {
  Finding old = seen("open.example");
  old.carried_from = "20241123T170000Z";
  publish({old});
  auto before = EarlierVerdicts::read(dir_.path());
  ASSERT_TRUE(before.has_value() && *before);
  (*before)->saw("open.example", 0);
  EXPECT_EQ(carried(**before, every), std::vector{old});
}

TEST_F(EarlierVerdictsTest, AWeekAfterItWasSeenAFailureIsNotSaidAgain) {
  constexpr std::int64_t kWeek_s = std::chrono::seconds(kVerdictCarriedFor).count();
  publish({seen("a.example", kSeen - 1), seen("b.example")});
  auto before = EarlierVerdicts::read(dir_.path());
  ASSERT_TRUE(before.has_value() && *before);
  (*before)->saw("a.example", 0);
  (*before)->saw("b.example", 1);
  const auto names = carried(**before, every, kSeen + kWeek_s);
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].name.text(), "b.example");
}

TEST_F(EarlierVerdictsTest, ADamagedSetIsAnError) {
  publish({seen("a.example")});
  const fs::path findings = fs::canonical(dir_.path() / "current") / "findings.ndjson.zst";
  fs::resize_file(findings, fs::file_size(findings) - 1);
  const auto before = EarlierVerdicts::read(dir_.path());
  ASSERT_FALSE(before.has_value());
  EXPECT_TRUE(before.error().starts_with(findings.string())) << before.error();
}

}  // namespace
}  // namespace caascan
