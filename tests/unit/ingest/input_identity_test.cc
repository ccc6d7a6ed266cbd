#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ingest/ingest.h"
#include "temporary_folder.h"

namespace caascan {
namespace {

using test::TemporaryFolder;

std::uint64_t digest(const std::vector<std::string>& paths) {
  const auto identity = input_identity(paths);
  EXPECT_TRUE(identity);
  return identity ? identity->digest : 0;
}

TEST(InputIdentity, ChangesWithEachFileItsSizeAndItsTime) {
  const TemporaryFolder folder;
  const std::string first = folder.write("dump/a.txt", "a.example\n");
  folder.write("dump/b.txt", "b.example\n");
  const std::vector<std::string> dump = {(folder / "dump").string()};
  ASSERT_TRUE(input_identity(dump));
  EXPECT_EQ(input_identity(dump)->files, 2u);
  const std::uint64_t before = digest(dump);
  EXPECT_EQ(digest(dump), before);
  EXPECT_NE(digest({first}), before);

  const auto time = std::filesystem::last_write_time(first);
  folder.write("dump/a.txt", "aa.example\n");
  std::filesystem::last_write_time(first, time);
  EXPECT_NE(digest(dump), before);  // the size alone
  folder.write("dump/a.txt", "a.example\n");
  std::filesystem::last_write_time(first, time);
  EXPECT_EQ(digest(dump), before);
  std::filesystem::last_write_time(first, time + std::chrono::nanoseconds(1));
  EXPECT_NE(digest(dump), before);  // the time alone
  std::filesystem::last_write_time(first, time);
  folder.write("dump/c.txt", "c.example\n");
  EXPECT_NE(digest(dump), before);
}

TEST(InputIdentity, IsNotThereForWhatCannotBeReadTwice) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "a.example\n");
  EXPECT_FALSE(input_identity({file, "-"}));
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(input_identity({pipe, file}));
}

}  // namespace
}  // namespace caascan
