#include "ingest/name_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "ingest/name_runs.h"
#include "ingest/spelling_list.h"
#include "tests/unit/ingest/temporary_folder.h"

namespace caascan::dump {
namespace {

using testing::ElementsAre;

std::string name(int index) {
  return "n" + std::to_string(index) + ".example";
}

TEST(NameSet, KnowsEveryNameItHasTaken) {
  NameSet set(std::size_t{8} << 20U);
  for (int index = 0; index < 50'000; ++index)
    ASSERT_EQ(set.add(name(index)), NameSet::Added::kNew);
  for (int index = 0; index < 50'000; ++index) {
    ASSERT_EQ(set.add(name(index)), NameSet::Added::kKnown);
  }
  EXPECT_EQ(set.size(), 50'000U);
}

TEST(NameSet, TakesNoMoreOnceItsMemoryIsUsedUp) {
  NameSet set(1);  // 64 KiB are the least
  int taken = 0;
  while (set.add(name(taken)) == NameSet::Added::kNew) ++taken;
  EXPECT_GT(taken, 500);
  EXPECT_LT(taken, 5'000);
  EXPECT_EQ(set.add(name(taken)), NameSet::Added::kFull);
  EXPECT_EQ(set.add("a.b"), NameSet::Added::kFull) << "a short one must not slip in later";
  for (int index = 0; index < taken; ++index) {
    ASSERT_EQ(set.add(name(index)), NameSet::Added::kKnown);
  }
}

TEST(NameSet, TellsNamesOfEveryLengthApart) {
  NameSet set(std::size_t{1} << 20U);
  for (std::size_t size = 1; size <= 253; ++size) {
    EXPECT_EQ(set.add(std::string(size, 'a')), NameSet::Added::kNew);
    EXPECT_EQ(set.add(std::string(size - 1, 'a') + "b"), NameSet::Added::kNew);
  }
  EXPECT_EQ(set.add(std::string(253, 'a')), NameSet::Added::kKnown);
}

TEST(NameSet, SortsBytewiseInPlace) {
  NameSet set(1);
  for (const char* text : {"b.a", "a-b", "a.b", "a", "ab", "_a"}) {
    EXPECT_EQ(set.add(text), NameSet::Added::kNew);
  }
  set.sort();
  std::vector<std::string_view> sorted;
  for (std::size_t index = 0; index < set.size(); ++index) sorted.push_back(set.sorted(index));
  EXPECT_THAT(sorted, ElementsAre("_a", "a", "a-b", "a.b", "ab", "b.a"));
}

std::vector<std::string> merged(NameRuns& runs) {
  std::vector<std::string> names;
  const auto result = runs.merge([&](std::string_view text) {
    names.emplace_back(text);
    return true;
  });
  EXPECT_TRUE(result.has_value()) << result.error();
  return names;
}

TEST(NameRuns, ComeOutSortedAndUniqueThroughSeveralRoundsOfMerging) {
  const test::TemporaryFolder folder;
  std::set<std::string> expected;
  NameRuns runs(folder.path(), 1);  // the least buffer, two runs at a time
  for (int round = 0; round < 3; ++round) {
    for (int index = 0; index < 10'000; ++index) {
      const std::string text = name(index * 7919 % 10'000);
      expected.insert(text);
      ASSERT_TRUE(runs.add(text).has_value());
    }
  }
  EXPECT_GT(runs.runs_written(), 10U);
  EXPECT_EQ(merged(runs), std::vector<std::string>(expected.begin(), expected.end()));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "runs are removed";
}

TEST(NameRuns, AreRemovedWhenNotMerged) {
  const test::TemporaryFolder folder;
  {
    NameRuns runs(folder.path(), 1);
    for (int index = 0; index < 5'000; ++index) ASSERT_TRUE(runs.add(name(index)).has_value());
    EXPECT_FALSE(std::filesystem::is_empty(folder.path()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(NameRuns, MayBeEmpty) {
  const test::TemporaryFolder folder;
  NameRuns runs(folder.path(), 1 << 20);
  EXPECT_TRUE(runs.empty());
  EXPECT_TRUE(merged(runs).empty());
}

TEST(NameRuns, ADamagedRunIsAnError) {
  const test::TemporaryFolder folder;
  NameRuns runs(folder.path(), 1);
  for (int index = 0; index < 5'000; ++index) ASSERT_TRUE(runs.add(name(index)).has_value());
  std::filesystem::resize_file(folder / "names-0.run", 100);
  const auto result = runs.merge([](std::string_view) { return true; });
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error(), testing::EndsWith("the file is cut"));
}

TEST(NameRuns, AnUnwritableFolderIsAnError) {
  const test::TemporaryFolder folder;
  NameRuns runs(folder / "missing", 1);
  std::expected<void, std::string> result;
  for (int index = 0; index < 5'000 && result; ++index) result = runs.add(name(index));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), (folder / "missing/names-0.run").string() +
                                ": cannot be created: No such file or directory");
}

TEST(SpellingList, KeepsOrderAndDropsRepetitionsAtEverySize) {
  SpellingList list;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> expected;
    for (int index = 0; index < 1'100; ++index) {
      NameText text;
      ASSERT_TRUE(canonicalise((index % 3 == 0 ? "*." : "") + name(index), text).has_value());
      EXPECT_TRUE(list.add(text));
      EXPECT_FALSE(list.add(text));
      expected.push_back((index % 3 == 0 ? "*." : "") + name(index));
    }
    const auto views = list.views();
    EXPECT_EQ(std::vector<std::string>(views.begin(), views.end()), expected);
    list.clear();
    EXPECT_TRUE(list.empty());
  }
}

}  // namespace
}  // namespace caascan::dump
