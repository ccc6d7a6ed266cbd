#include "ingest/leaf.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/der_builder.h"
#include "tests/support/log_builder.h"

namespace caascan::dump {
namespace {

test::LogSubmission submission(std::uint16_t type) {
  test::LogSubmission submission;
  submission.entry_type = type;
  submission.certificate = test::der(0x30, "certificate");
  submission.precertificate = "precertificate";
  submission.issuer_key_hash = std::string(32, 'h');
  submission.chain = {"issuer", "root"};
  return submission;
}

TEST(MerkleTreeLeaf, GivesTheCertificateOfBothEntryTypes) {
  LogEntry entry;
  for (const std::uint16_t type : {0, 1}) {
    const std::string leaf = test::merkle_tree_leaf(submission(type));
    ASSERT_EQ(read_merkle_tree_leaf(leaf, entry), LeafStatus::kEntry);
    EXPECT_EQ(entry.certificate, submission(type).certificate);
    EXPECT_EQ(entry.precertificate, type == 1);
  }
}

TEST(MerkleTreeLeaf, TellsUnknownTypesFromCutOnes) {
  LogEntry entry;
  std::string leaf = test::merkle_tree_leaf(submission(0));
  for (std::size_t size = 0; size + 2 < leaf.size(); ++size) {
    EXPECT_EQ(read_merkle_tree_leaf(leaf.substr(0, size), entry), LeafStatus::kCut) << size;
  }
  for (const std::size_t at : {0U, 1U, 10U}) {
    std::string other = leaf;
    other[at] = '\x80';
    EXPECT_EQ(read_merkle_tree_leaf(other, entry), LeafStatus::kUnknownType) << at;
  }
}

TEST(TileLeaf, IsTakenFromTheFrontOfATile) {
  const std::string tile = test::data_tile({submission(0), submission(1), submission(0)});
  ByteCursor cursor(tile);
  LogEntry entry;
  for (const bool precertificate : {false, true, false}) {
    ASSERT_EQ(read_tile_leaf(cursor, entry), LeafStatus::kEntry);
    EXPECT_EQ(entry.precertificate, precertificate);
    EXPECT_EQ(entry.certificate, submission(0).certificate);
  }
  EXPECT_TRUE(cursor.empty());
}

TEST(TileLeaf, StaysWhereItIsUnlessComplete) {
  LogEntry entry;
  for (const std::uint16_t type : {0, 1}) {
    const std::string leaf = test::tile_leaf(submission(type), 7);
    for (std::size_t size = 0; size < leaf.size(); ++size) {
      ByteCursor cursor(std::string_view(leaf).substr(0, size));
      EXPECT_EQ(read_tile_leaf(cursor, entry), LeafStatus::kCut) << size;
      EXPECT_EQ(cursor.size(), size);
    }
  }
}

TEST(TileLeaf, FingerprintsAreWhole) {
  std::string leaf = test::tile_leaf(submission(0), 7);
  leaf.resize(leaf.size() - 64);
  leaf.back() = 63;
  ByteCursor cursor(leaf);
  LogEntry entry;
  EXPECT_EQ(read_tile_leaf(cursor, entry), LeafStatus::kCorrupt);
}

TEST(TileLeaf, IsRecognisedByItsHead) {
  for (const std::uint16_t type : {0, 1}) {
    const std::string leaf = test::tile_leaf(submission(type), 7);
    EXPECT_TRUE(looks_like_tile_leaf(leaf));
    EXPECT_TRUE(looks_like_tile_leaf(leaf.substr(0, kTileLeafHeadOctets)));
    for (const std::size_t at : {0U, 1U, 2U, 8U, 9U}) {
      std::string other = leaf;
      other[at] = '\x05';
      EXPECT_FALSE(looks_like_tile_leaf(other)) << at;
    }
  }
}

}  // namespace
}  // namespace caascan::dump
