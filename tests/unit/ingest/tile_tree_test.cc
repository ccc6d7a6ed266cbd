// A log's tiles on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/compress.h"
#include "tests/support/log_builder.h"
#include "tests/unit/ingest/ingest_run.h"

namespace caascan {
namespace {

using test::IngestRun;
using testing::ElementsAre;
using testing::IsEmpty;

std::string tile(const std::vector<std::string>& names) {
  static const test::CertificateAuthority authority("ca", "Org", "CA 1");
  std::vector<test::LogSubmission> submissions;
  for (const std::string& name : names) {
    submissions.push_back(test::final_entry(authority, {.dns_names = {name}}));
  }
  return test::data_tile(submissions);
}

IngestRun run_on_folder(const test::TemporaryFolder& folder, const std::string& path) {
  IngestOptions options;
  options.ct_paths = {path};
  options.include_expired = true;
  return test::run_ingest(folder, options);
}

std::string random_bytes(std::size_t size) {
  std::string out;
  while (out.size() < size) out += test::sha256(out);
  out.resize(size);
  return out;
}

TEST(TileTree, GivesTheNamesOfItsDataTilesAndSkipsTheRest) {
  const test::TemporaryFolder folder;
  const test::CertificateAuthority authority("ca", "Org", "CA 1");
  folder.write("log/checkpoint", "log.example/2025\n512\n" + test::base64(random_bytes(32)) +
                                     "\n\n\xe2\x80\x94 x AA==\n");
  folder.write("log/log.v3.json",
               "{\n  \"description\": \"x\",\n  \"log_id\": \"AA==\",\n  \"key\": \"AA==\"\n}\n");
  folder.write("log/issuer/" + std::string(64, 'a'), authority.issuer_certificate());
  folder.write("log/tile/0/000", random_bytes(8192));
  folder.write("log/tile/0/x001/234.p/7", random_bytes(7 * 32));
  folder.write("log/tile/1/000.p/2", random_bytes(64));
  folder.write("log/tile/data/000", test::gzip(tile({"a.example", "b.example"})));
  folder.write("log/tile/data/x001/234", tile({"c.example"}));
  folder.write("log/tile/names/000", test::gzip("{\"Timestamp\":1,\"DNS\":[\"never.example\"]}\n"
                                                "{\"Timestamp\":2,\"DNS\":[\"never.example\"]}\n"));
  folder.write("log/tile/names/001", "{\"Index\":0,\"Timestamp\":1,\"Subject\":\"AA==\"}\n");
  const IngestRun run = run_on_folder(folder, (folder / "log").string());
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example", "c.example"));
  EXPECT_EQ(run.counts.files, 2U);
  EXPECT_EQ(run.counts.files_skipped, 8U);
}

TEST(TileTree, ReadsTheFullestPartialTileOnly) {
  const test::TemporaryFolder folder;
  folder.write("data/000.p/1", tile({"a.example"}));
  folder.write("data/000.p/9", tile({"a.example", "b.example"}));
  folder.write("data/000.p/10", tile({"a.example", "b.example", "c.example"}));
  for (const std::string path : {"data", "data/", "data/000.p"}) {
    const IngestRun run = run_on_folder(folder, (folder / path).string());
    EXPECT_THAT(run.names, ElementsAre("a.example", "b.example", "c.example"));
    EXPECT_EQ(run.counts.entries, 3U);
    EXPECT_EQ(run.counts.files_skipped, 2U);
  }
}

TEST(TileTree, PrefersTheFullTileToItsPartialOnes) {
  const test::TemporaryFolder folder;
  folder.write("data/000", tile({"a.example", "b.example"}));
  folder.write("data/000.p/1", tile({"a.example"}));
  folder.write("data/001.p/1", tile({"c.example"}));
  const IngestRun run = run_on_folder(folder, (folder / "data").string());
  EXPECT_EQ(run.counts.entries, 3U);
  EXPECT_EQ(run.counts.files_skipped, 1U);
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example", "c.example"));
}

TEST(TileTree, ReadsThePartialTileWhereTheFullOneIsDamaged) {
  const test::TemporaryFolder folder;
  folder.write("data/000", "");
  folder.write("data/000.p/1", tile({"a.example"}));
  const IngestRun run = run_on_folder(folder, (folder / "data").string());
  EXPECT_THAT(run.damage, ElementsAre("data/000: byte 0: empty file"));
  EXPECT_THAT(run.names, ElementsAre("a.example"));
}

TEST(TileTree, OnlyNumbersFrom1To255ArePartialTiles) {
  const test::TemporaryFolder folder;
  folder.write("data/000.p/255", tile({"a.example"}));
  folder.write("data/000.p/256", tile({"b.example"}));
  folder.write("data/000.p/0", tile({"c.example"}));
  folder.write("data/000.p/x", tile({"d.example"}));
  folder.write("data/00.p/1", tile({"e.example"}));
  folder.write("data/00.p/2", tile({"f.example"}));
  const IngestRun run = run_on_folder(folder, (folder / "data").string());
  EXPECT_EQ(run.names.size(), 6U);
}

TEST(TileTree, BinaryFilesElsewhereAreNoHashTiles) {
  const test::TemporaryFolder folder;
  folder.write("tile/0/junk", random_bytes(64));
  folder.write("tile/0/000", random_bytes(63));
  folder.write("tile/0/001", random_bytes(8224));
  folder.write("tile/data/000", random_bytes(64));
  folder.write("tile/entries/000", random_bytes(64));
  const IngestRun run = run_on_folder(folder, (folder / "tile").string());
  EXPECT_THAT(run.damage,
              ElementsAre("tile/0/000: byte 0: not a CT format: binary data",
                          "tile/0/001: byte 0: not a CT format: binary data",
                          "tile/0/junk: byte 0: not a CT format: binary data",
                          "tile/data/000: byte 0: not a CT format: binary data",
                          "tile/entries/000: byte 0: a tlog-tiles entry bundle, not read yet"));
}

TEST(Folder, IsReadInBytewiseOrderThroughLinksButNotInCircles) {
  const test::TemporaryFolder folder;
  folder.write("dump/b/list", "b.example\n");
  folder.write("dump/a", "a.example\n");
  folder.write("other/list", "c.example\n");
  std::filesystem::create_directory_symlink("../other", folder / "dump/link");
  std::filesystem::create_directory_symlink("..", folder / "dump/b/up");
  const IngestRun run = run_on_folder(folder, (folder / "dump").string());
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example", "c.example"));
  EXPECT_EQ(run.counts.files, 3U);
}

}  // namespace
}  // namespace caascan
