#include "scanner/store/zstd_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fixtures.h"

namespace caascan {
namespace {

using test::TempDir;

std::vector<std::string> lines_of(const std::filesystem::path& path, std::string* error = nullptr) {
  std::vector<std::string> out;
  auto reader = ZstdLineReader::open(path);
  EXPECT_TRUE(reader.has_value());
  if (!reader) return out;
  std::string_view line;
  while (true) {
    const auto more = reader->next(line);
    if (!more) {
      if (error != nullptr) *error = more.error();
      EXPECT_TRUE(error != nullptr) << more.error();
      EXPECT_EQ(reader->next(line).has_value(), false) << "an error comes again";
      return out;
    }
    if (!*more) return out;
    out.emplace_back(line);
  }
}

void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  auto writer = ZstdLineWriter::create(path);
  ASSERT_TRUE(writer.has_value());
  for (const std::string& line : lines) ASSERT_TRUE(writer->append(line).has_value());
  ASSERT_TRUE(writer->close().has_value());
}

TEST(ZstdLines, AnyNumberOfLinesOfAnyLengthComesBack) {
  const TempDir dir;
  const auto path = dir.path() / "lines.zst";
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{kFlushLines - 1},
                                  std::size_t{kFlushLines}, std::size_t{kFlushLines + 1}}) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < count; ++i) lines.push_back("line " + std::to_string(i));
    write_lines(path, lines);
    EXPECT_EQ(lines_of(path), lines);
  }
  // Lines longer than every buffer on the way, one of them hardly any bytes when compressed.
  const std::vector<std::string> long_lines = {std::string(3'000'000, 'x'), "", "short",
                                               std::string(131'072, 'y')};
  write_lines(path, long_lines);
  EXPECT_EQ(lines_of(path), long_lines);
}

TEST(ZstdLines, LineAboveTheBoundIsDamage) {
  const TempDir dir;
  const auto path = dir.path() / "lines.zst";
  write_lines(path, {"good", std::string(kLineBytesMax + 200'000, 'x')});
  std::string error;
  EXPECT_EQ(lines_of(path, &error), std::vector<std::string>{"good"});
  EXPECT_EQ(error, path.string() + ": line 2: damaged: the line is too long");
}

TEST(ZstdLines, NotClosingLeavesAFileThatReadsAsCut) {
  const TempDir dir;
  const auto path = dir.path() / "lines.zst";
  {
    auto writer = ZstdLineWriter::create(path);
    ASSERT_TRUE(writer.has_value());
    for (std::uint32_t i = 0; i < kFlushLines; ++i) ASSERT_TRUE(writer->append("x").has_value());
    ASSERT_TRUE(writer->append("lost").has_value());
  }
  std::string error;
  EXPECT_EQ(lines_of(path, &error).size(), kFlushLines);
  EXPECT_EQ(error, path.string() + ": line 257: the file is cut here");
}

TEST(ZstdLines, AnyFlippedBitIsAnErrorOrHarmless) {
  const TempDir dir;
  const auto path = dir.path() / "lines.zst";
  std::vector<std::string> lines;
  for (int i = 0; i < 40; ++i) lines.push_back("name" + std::to_string(i * 7919) + ".example");
  write_lines(path, lines);
  const std::string whole = test::read_file(path);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    test::write_file(path, broken);
    std::string error;
    const std::vector<std::string> read = lines_of(path, &error);
    if (error.empty()) {
      EXPECT_EQ(read, lines) << "bit " << bit;
    } else {
      EXPECT_TRUE(error.starts_with(path.string())) << error;
    }
  }
}

TEST(ZstdLines, MissingFileAndMissingFolderAreNamed) {
  const TempDir dir;
  EXPECT_EQ(ZstdLineReader::open(dir.path() / "none").error(),
            "cannot read " + (dir.path() / "none").string() + ": No such file or directory");
  EXPECT_EQ(
      ZstdLineWriter::create(dir.path() / "no" / "file").error(),
      "cannot create " + (dir.path() / "no" / "file").string() + ": No such file or directory");
}

TEST(ZstdLines, FullDiskIsNamed) {
  auto writer = ZstdLineWriter::create("/dev/full");
  ASSERT_TRUE(writer.has_value());
  std::expected<void, std::string> written = writer->append("x");
  if (written) written = writer->close();
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error(), "cannot write /dev/full: No space left on device");
}

}  // namespace
}  // namespace caascan
