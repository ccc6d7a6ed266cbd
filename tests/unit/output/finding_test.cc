#include "scanner/finding.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace caascan {
namespace {

template <typename Enum, typename FromWord>
void expect_every_word_is_read_back(std::size_t count, FromWord from_word) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    const std::string_view text = word(value);
    EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos)
        << text;
    EXPECT_EQ(from_word(text), value) << text;
    EXPECT_TRUE(words.insert(text).second) << text;
  }
  EXPECT_FALSE(from_word(""));
  EXPECT_FALSE(from_word("SERVFAIL"));
  EXPECT_FALSE(from_word("servfail "));
}

TEST(FindingWords, EveryWordIsDistinctAndReadBack) {
  expect_every_word_is_read_back<Outcome>(kOutcomeCount, outcome_from_word);
  expect_every_word_is_read_back<Cause>(kCauseCount, cause_from_word);
  expect_every_word_is_read_back<AttemptResult>(5, attempt_result_from_word);
}

// They are in published files, so a rename is a break of the format.
TEST(FindingWords, PublishedWordsStay) {
  EXPECT_EQ(word(Outcome::kFound), "found");
  EXPECT_EQ(word(Outcome::kEmpty), "empty");
  EXPECT_EQ(word(Outcome::kServfail), "servfail");
  EXPECT_EQ(word(Outcome::kTimeout), "timeout");
  EXPECT_EQ(word(Outcome::kNotReached), "not-reached");
  EXPECT_EQ(word(Outcome::kExcluded), "excluded");
  EXPECT_EQ(word(Cause::kTruncatedNoTcp), "truncated-no-tcp");
  EXPECT_EQ(word(Cause::kSpecialUseOnly), "special-use-only");
  EXPECT_EQ(word(Cause::kQuotaUsedUp), "quota-used-up");
  EXPECT_EQ(word(AttemptResult::kTcpFailed), "tcp-failed");
}

TEST(FindingWords, EveryCauseIsDescribedInOneLine) {
  std::set<std::string_view> lines;
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    const std::string_view line = describe(static_cast<Cause>(i));
    EXPECT_GT(line.size(), 20U);
    EXPECT_FALSE(line.contains('\n'));
    EXPECT_TRUE(lines.insert(line).second) << line;
  }
}

}  // namespace
}  // namespace caascan
