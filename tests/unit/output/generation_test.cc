#include "output/generation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fixtures.h"
#include "output/durable_file.h"

namespace caascan {
namespace {

namespace fs = std::filesystem;
using test::entries;
using test::read_file;
using test::TempDir;

constexpr std::int64_t kTime = 1'700'000'000;  // 20231114T221320Z
const std::vector<std::string> kLinks = {"one.txt", "two.txt"};

// Publishes a set whose files all hold `text`.
std::expected<fs::path, std::string> publish_text(const fs::path& out, const std::string& text,
                                                  std::int64_t time = kTime) {
  auto generation = Generation::prepare(out, kLinks);
  if (!generation) return std::unexpected(generation.error());
  for (const std::string name : {"one.txt", "two.txt", "manifest.json"}) {
    EXPECT_TRUE(write_durably(generation->folder() / name, text).has_value());
  }
  EXPECT_TRUE(generation->make_folder("feed").has_value());
  EXPECT_TRUE(write_durably(generation->folder() / "feed" / "three.txt", text).has_value());
  std::vector<std::string> warnings;
  auto named = generation->commit(time, warnings);
  EXPECT_TRUE(warnings.empty());
  return named;
}

TEST(Generation, FirstPublishMakesFolderSwitchAndLinks) {
  const TempDir dir;
  const fs::path out = dir.path() / "made" / "here";
  const auto named = publish_text(out, "first");
  ASSERT_TRUE(named.has_value()) << named.error();
  EXPECT_EQ(*named, out / "generations" / "20231114T221320Z");
  EXPECT_EQ(fs::read_symlink(out / "current"), "generations/20231114T221320Z");
  EXPECT_EQ(fs::read_symlink(out / "one.txt"), "current/one.txt");
  EXPECT_EQ(read_file(out / "two.txt"), "first");
  EXPECT_EQ(read_file(out / "current" / "feed" / "three.txt"), "first");
  EXPECT_EQ(entries(out),
            (std::vector<std::string>{"current", "generations", "one.txt", "two.txt"}));
  EXPECT_EQ(entries(out / "generations"), std::vector<std::string>{"20231114T221320Z"});
  EXPECT_EQ(fs::status(*named).permissions(), fs::perms(0755));
}

TEST(Generation, ReaderThatEnteredCurrentOnceSeesOneSet) {
  const TempDir dir;
  ASSERT_TRUE(publish_text(dir.path(), "old").has_value());
  const int reader = ::open((dir.path() / "current").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(publish_text(dir.path(), "new", kTime + 1).has_value());
  EXPECT_EQ(read_file(dir.path() / "one.txt"), "new");
  for (const std::string name : {"one.txt", "two.txt", "feed/three.txt"}) {
    const int file = ::openat(reader, name.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    std::string text(10, '\0');
    text.resize(static_cast<std::size_t>(::read(file, text.data(), text.size())));
    EXPECT_EQ(text, "old");
    ::close(file);
  }
  ::close(reader);
}

TEST(Generation, SameSecondGetsANumber) {
  const TempDir dir;
  for (int i = 1; i <= 11; ++i) ASSERT_TRUE(publish_text(dir.path(), std::to_string(i)));
  EXPECT_EQ(fs::read_symlink(dir.path() / "current"), "generations/20231114T221320Z-11");
  EXPECT_EQ(read_file(dir.path() / "one.txt"), "11");
}

TEST(Generation, NotCommittingLeavesNothing) {
  const TempDir dir;
  ASSERT_TRUE(publish_text(dir.path(), "old").has_value());
  {
    auto generation = Generation::prepare(dir.path(), kLinks);
    ASSERT_TRUE(generation.has_value());
    ASSERT_TRUE(write_durably(generation->folder() / "one.txt", "new").has_value());
  }
  EXPECT_EQ(entries(dir.path() / "generations"), std::vector<std::string>{"20231114T221320Z"});
  EXPECT_EQ(read_file(dir.path() / "one.txt"), "old");
}

struct Obstacle {
  std::string name;  // in the output folder
  std::string error;
};

TEST(Generation, WhatIsInTheWayIsAnErrorBeforeAnythingChanges) {
  const Obstacle obstacles[] = {
      {"one.txt", "is in the way: it is not a link of caascan's"},
      {"current", "is in the way: it is not a link of caascan's"},
      {"generations", "is in the way: it is not a folder"},
  };
  for (const Obstacle& obstacle : obstacles) {
    const TempDir dir;
    test::write_file(dir.path() / obstacle.name, "somebody else's");
    const auto named = publish_text(dir.path(), "new");
    ASSERT_FALSE(named.has_value());
    EXPECT_EQ(named.error(), (dir.path() / obstacle.name).string() + " " + obstacle.error);
    EXPECT_EQ(entries(dir.path()), std::vector<std::string>{obstacle.name});
    EXPECT_EQ(read_file(dir.path() / obstacle.name), "somebody else's");
  }
}

TEST(Generation, LinkOfSomebodyElseIsInTheWayToo) {
  for (const std::string name : {"one.txt", "current"}) {
    const TempDir dir;
    fs::create_symlink("elsewhere", dir.path() / name);
    EXPECT_FALSE(publish_text(dir.path(), "new").has_value());
    EXPECT_EQ(fs::read_symlink(dir.path() / name), "elsewhere");
  }
}

TEST(Generation, OutputFolderThatCannotBeMadeIsNamed) {
  const TempDir dir;
  test::write_file(dir.path() / "file", "");
  EXPECT_EQ(publish_text(dir.path() / "file" / "out", "x").error(),
            "cannot create " + (dir.path() / "file" / "out").string() + ": Not a directory");
}

TEST(Generation, SwitchThatFailsLeavesTheOldSet) {
  const TempDir dir;
  ASSERT_TRUE(publish_text(dir.path(), "old").has_value());
  fs::create_directory(dir.path() / ".current-new");  // where the new link is made
  const auto named = publish_text(dir.path(), "new", kTime + 1);
  ASSERT_FALSE(named.has_value());
  EXPECT_EQ(named.error(),
            "cannot create " + (dir.path() / ".current-new").string() + ": File exists");
  EXPECT_EQ(read_file(dir.path() / "one.txt"), "old");
  EXPECT_EQ(entries(dir.path() / "generations"), std::vector<std::string>{"20231114T221320Z"});
  fs::remove(dir.path() / ".current-new");
  EXPECT_TRUE(publish_text(dir.path(), "new", kTime + 1).has_value());
  EXPECT_EQ(read_file(dir.path() / "one.txt"), "new");
}

// Every place where a kill can leave something behind.
TEST(Generation, LeftoversOfAKilledRunAreSweptAndNothingElse) {
  const TempDir dir;
  const fs::path generations = dir.path() / "generations";
  for (const std::string name : {".new-abc123", ".old-20231114T221320Z", ".new-toolong",
                                 ".old-notes", "notes", "20231114T221320Z-x"}) {
    fs::create_directories(generations / name / "feed");
    test::write_file(generations / name / "feed" / "file", "x");
  }
  test::write_file(generations / ".new-abc124", "a file, not a folder");
  fs::create_directory(dir.path() / "target");
  test::write_file(dir.path() / "target" / "kept", "x");
  fs::create_symlink(dir.path() / "target", generations / ".new-abc125");
  fs::create_symlink("generations/gone", dir.path() / ".current-new");
  ASSERT_TRUE(publish_text(dir.path(), "new").has_value());
  EXPECT_EQ(entries(generations),
            (std::vector<std::string>{".new-abc124", ".new-abc125", ".new-toolong", ".old-notes",
                                      "20231114T221320Z", "20231114T221320Z-x", "notes"}));
  EXPECT_TRUE(fs::exists(dir.path() / "target" / "kept"));
  EXPECT_FALSE(fs::is_symlink(dir.path() / ".current-new"));
}

TEST(Generation, NewestThirtyAreKept) {
  const TempDir dir;
  const fs::path generations = dir.path() / "generations";
  for (int day = 1; day <= 29; ++day) {
    const fs::path folder = generations / fmt::format("202301{:02}T000000Z", day);
    fs::create_directories(folder);
    test::write_file(folder / "manifest.json", "{}");
  }
  ASSERT_TRUE(publish_text(dir.path(), "thirtieth").has_value());
  EXPECT_EQ(entries(generations).size(), kGenerationsKept);
  EXPECT_TRUE(fs::exists(generations / "20230101T000000Z"));
  fs::create_directories(generations / "20220101T000000Z");  // no set of ours: it has no manifest
  ASSERT_TRUE(publish_text(dir.path(), "thirty-first", kTime + 1).has_value());
  EXPECT_FALSE(fs::exists(generations / "20230101T000000Z"));
  EXPECT_TRUE(fs::exists(generations / "20230102T000000Z"));
  EXPECT_TRUE(fs::exists(generations / "20220101T000000Z"));
}

TEST(Generation, ThePublishedOneIsNeverRemovedWhateverTheClockSays) {
  const TempDir dir;
  const fs::path generations = dir.path() / "generations";
  for (int day = 1; day <= 31; ++day) {
    const fs::path folder = generations / fmt::format("209901{:02}T000000Z", day);
    fs::create_directories(folder);
    test::write_file(folder / "manifest.json", "{}");
  }
  ASSERT_TRUE(publish_text(dir.path(), "now").has_value());
  EXPECT_EQ(read_file(dir.path() / "one.txt"), "now");
  EXPECT_EQ(entries(generations).size(), kGenerationsKept);
  EXPECT_FALSE(fs::exists(generations / "20990102T000000Z"));
  EXPECT_TRUE(fs::exists(generations / "20990103T000000Z"));
}

}  // namespace
}  // namespace caascan
