#include "output/durable_file.h"

#include <gtest/gtest.h>

#include <string>

#include "fixtures.h"
#include "output/finding_spill.h"

namespace caascan {
namespace {

using test::TempDir;

TEST(DurableFile, HoldsWhatWasWritten) {
  const TempDir dir;
  const auto path = dir.path() / "file";
  auto file = DurableFile::create(path);
  ASSERT_TRUE(file.has_value());
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i), 'x');
    ASSERT_TRUE(file->write(piece).has_value());
    all += piece;
  }
  ASSERT_TRUE(file->close().has_value());
  EXPECT_EQ(test::read_file(path), all);
}

TEST(DurableFile, ErrorsNameTheFile) {
  EXPECT_EQ(write_durably("/dev/full", "x").error(),
            "cannot write /dev/full: No space left on device");
  const TempDir dir;
  test::write_file(dir.path() / "file", "");
  EXPECT_EQ(write_durably(dir.path() / "file" / "x", "").error(),
            "cannot create " + (dir.path() / "file" / "x").string() + ": Not a directory");
  EXPECT_EQ(sync_folder(dir.path() / "none").error(),
            "cannot open " + (dir.path() / "none").string() + ": No such file or directory");
  EXPECT_EQ(digest_file(dir.path() / "none").error(),
            "cannot read " + (dir.path() / "none").string() + ": No such file or directory");
}

// FIPS 180-4, examples.
TEST(DigestFile, IsSha256) {
  const TempDir dir;
  const auto path = dir.path() / "file";
  test::write_file(path, "abc");
  const auto digest = digest_file(path);
  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(digest->size_bytes, 3U);
  EXPECT_EQ(digest->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  test::write_file(path, "");
  EXPECT_EQ(digest_file(path)->sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  test::write_file(path, std::string(1'000'000, 'a'));
  EXPECT_EQ(digest_file(path)->sha256,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(FindingSpill, GivesLinesBackInAnyOrderAndLeavesNoFile) {
  const TempDir dir;
  auto spill = FindingSpill::create(dir.path());
  ASSERT_TRUE(spill.has_value());
  EXPECT_TRUE(test::entries(dir.path()).empty());
  std::vector<SpilledLine> where;
  std::vector<std::string> lines = {"", "a", std::string(500'000, 'x'), "hello hello hello"};
  for (const std::string& line : lines) {
    const auto place = spill->append(line);
    ASSERT_TRUE(place.has_value());
    where.push_back(*place);
  }
  std::string line = "old";
  for (const std::size_t i : {std::size_t{3}, std::size_t{0}, std::size_t{2}, std::size_t{1}}) {
    ASSERT_TRUE(spill->read(where[i], line).has_value());
    EXPECT_EQ(line, lines[i]);
  }
}

TEST(FindingSpill, MissingFolderIsNamed) {
  const TempDir dir;
  const auto spill = FindingSpill::create(dir.path() / "none");
  ASSERT_FALSE(spill.has_value());
  EXPECT_TRUE(spill.error().starts_with("cannot create " + (dir.path() / "none").string()));
}

}  // namespace
}  // namespace caascan
