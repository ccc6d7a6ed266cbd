#include "ingest/certificate_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/compress.h"
#include "tests/unit/ingest/temporary_folder.h"

namespace caascan {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::vector<CertificateRecord> records() {
  return {{"00ff", "Let's Encrypt", "R10", 1'707'776'000, false, {"a.example", "*.a.example"}},
          {"01", "", "", std::numeric_limits<std::int64_t>::min(), true, {}},
          {"", "", "", 0, false, {"list.example"}},
          {std::string(300, 'a'),
           "M\xc3\xbc",
           std::string("\0x", 2),
           std::numeric_limits<std::int64_t>::max(),
           true,
           {std::string(253, 'b')}}};
}

void write(const std::filesystem::path& path, const std::vector<CertificateRecord>& all) {
  auto writer = CertificateStoreWriter::create(path);
  ASSERT_TRUE(writer.has_value());
  for (const CertificateRecord& record : all) ASSERT_TRUE(writer->append(record).has_value());
  ASSERT_TRUE(writer->close().has_value());
}

struct ReadBack {
  std::vector<CertificateRecord> records;
  std::string error;
};
ReadBack read(const std::filesystem::path& path) {
  ReadBack result;
  auto reader = CertificateStoreReader::open(path);
  if (!reader) return {{}, reader.error()};
  CertificateRecord record;
  while (true) {
    const auto more = reader->next(record);
    if (!more) {
      result.error = more.error();
      return result;
    }
    if (!*more) return result;
    result.records.push_back(record);
  }
}

TEST(CertificateStore, GivesBackWhatWasWrittenInOrder) {
  const test::TemporaryFolder folder;
  write(folder / "store", records());
  const ReadBack back = read(folder / "store");
  EXPECT_EQ(back.error, "");
  EXPECT_EQ(back.records, records());
}

TEST(CertificateStore, MayBeEmpty) {
  const test::TemporaryFolder folder;
  write(folder / "store", {});
  const ReadBack back = read(folder / "store");
  EXPECT_EQ(back.error, "");
  EXPECT_TRUE(back.records.empty());
}

TEST(CertificateStore, HoldsManyBlocks) {
  const test::TemporaryFolder folder;
  std::vector<CertificateRecord> all;
  for (int index = 0; index < 20'000; ++index) {
    all.push_back({std::to_string(index),
                   "Org",
                   "CA",
                   index,
                   index % 2 == 0,
                   {"n" + std::to_string(index) + ".example"}});
  }
  write(folder / "store", all);
  const ReadBack back = read(folder / "store");
  EXPECT_EQ(back.error, "");
  EXPECT_TRUE(back.records == all);
}

TEST(CertificateStore, CutAnywhereIsAnErrorBehindRightRecords) {
  const test::TemporaryFolder folder;
  write(folder / "store", records());
  const std::string whole = test::read_file(folder / "store");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    folder.write("cut", whole.substr(0, size));
    const ReadBack back = read(folder / "cut");
    EXPECT_THAT(back.error, EndsWith("the file is cut")) << size;
    EXPECT_TRUE(back.records.empty() || back.records == records()) << size;
  }
}

TEST(CertificateStore, AFlippedByteIsAnErrorAndNeverAWrongRecord) {
  const test::TemporaryFolder folder;
  write(folder / "store", records());
  const std::string whole = test::read_file(folder / "store");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x04, 0x20, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      folder.write("flipped", bytes);
      const ReadBack back = read(folder / "flipped");
      // A flip in what zstd does not use (a reserved or redundant bit) may pass; the records then
      // are the right ones.
      EXPECT_TRUE(back.records.empty() || back.records == records()) << at;
      EXPECT_TRUE(!back.error.empty() || back.records == records()) << at;
    }
  }
}

TEST(CertificateStore, TellsAMissingAndARepeatedBlock) {
  const test::TemporaryFolder folder;
  write(folder / "store", records());
  write(folder / "empty", {});
  const std::string whole = test::read_file(folder / "store");
  const std::string empty = test::read_file(folder / "empty");
  // The first block is the same in both files.
  const std::size_t first = whole.find(std::string("\x28\xb5\x2f\xfd"), 1);
  const std::size_t second = whole.find(std::string("\x28\xb5\x2f\xfd"), first + 1);
  ASSERT_NE(second, std::string::npos);
  folder.write("missing", whole.substr(0, first) + whole.substr(second));
  EXPECT_THAT(read(folder / "missing").error, EndsWith("the block's checksum is wrong"));
  folder.write("repeated", whole.substr(0, second) + whole.substr(first));
  const ReadBack repeated = read(folder / "repeated");
  EXPECT_THAT(repeated.error, EndsWith("the block's checksum is wrong"));
  EXPECT_EQ(repeated.records, records());
  folder.write("more", whole + empty);
  EXPECT_THAT(read(folder / "more").error, EndsWith("something follows the end mark"));
}

TEST(CertificateStore, RefusesOtherFiles) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(read(folder / "missing").error,
            (folder / "missing").string() + ": cannot be opened: No such file or directory");
  const std::string text = folder.write("text", "a.example\n");
  EXPECT_EQ(read(text).error, text + ": byte 0: the block is corrupt");
  EXPECT_THAT(read(folder.write("zstd", test::zstd("a.example\n"))).error,
              HasSubstr("byte 0: the block's checksum is wrong"));
}

TEST(CertificateStore, CannotBeCreatedInAMissingFolder) {
  const test::TemporaryFolder folder;
  const auto writer = CertificateStoreWriter::create(folder / "missing/store");
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error(),
            (folder / "missing/store").string() + ": cannot be created: No such file or directory");
}

}  // namespace
}  // namespace caascan
