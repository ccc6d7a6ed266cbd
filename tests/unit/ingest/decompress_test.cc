#include "ingest/decompress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/support/compress.h"

namespace caascan::dump {
namespace {

// Gives its bytes in small pieces.
class DrippingSource final : public ByteSource {
 public:
  DrippingSource(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}
  std::size_t read(std::span<char> out) override {
    const std::size_t count = std::min({out.size(), step_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, out.data());
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t step_;
  std::size_t at_ = 0;
};

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string out;
  while (out.size() < size) out += static_cast<char>('a' + random() % 16);
  return out;
}

TEST(Compression, IsToldByMagicNumbers) {
  EXPECT_EQ(compression_of("\x1f\x8b"), Compression::kGzip);
  EXPECT_EQ(compression_of("\x28\xb5\x2f\xfd"), Compression::kZstd);
  EXPECT_EQ(compression_of("\x50\x2a\x4d\x18"), Compression::kZstd);
  EXPECT_EQ(compression_of("\x5f\x2a\x4d\x18"), Compression::kZstd);
  EXPECT_EQ(compression_of("\x60\x2a\x4d\x18"), Compression::kNone);
  EXPECT_EQ(compression_of("\x1f"), Compression::kNone);
  EXPECT_EQ(compression_of("\x28\xb5\x2f"), Compression::kNone);
  EXPECT_EQ(compression_of(""), Compression::kNone);
}

TEST(Decompressor, GivesTheSameBytesHoweverTheyArrive) {
  const std::string bytes = noise(700'000);
  for (const std::string& stored : {bytes, test::gzip(bytes), test::zstd(bytes),
                                    test::zstd(bytes.substr(0, 5)) + test::zstd(bytes.substr(5)),
                                    test::gzip(test::zstd(bytes))}) {
    for (const std::size_t step : {1U, 1000U, 1U << 20U}) {
      auto input = open_layers(std::make_unique<DrippingSource>(stored, step));
      ASSERT_TRUE(input.has_value());
      std::string got;
      while (!(*input)->view().empty() || (*input)->more()) {
        got += (*input)->view();
        (*input)->consume((*input)->view().size());
      }
      EXPECT_TRUE(got == bytes) << step;
      EXPECT_EQ((*input)->offset(), bytes.size());
      EXPECT_FALSE((*input)->error().has_value());
    }
  }
}

TEST(Decompressor, MakesMuchOutOfLittleInSteps) {
  // 256 MiB of zeros: the window on them stays small.
  const std::string bytes = test::zstd(test::zstd(std::string(std::size_t{64} << 20U, '\0')));
  auto input = open_layers(std::make_unique<DrippingSource>(bytes, bytes.size()));
  ASSERT_TRUE(input.has_value());
  std::uint64_t total = 0;
  while (!(*input)->view().empty() || (*input)->more()) {
    EXPECT_LE((*input)->view().size(), std::size_t{1} << 20U);
    total += (*input)->view().size();
    (*input)->consume((*input)->view().size());
  }
  EXPECT_EQ(total, std::uint64_t{64} << 20U);
}

TEST(Input, SkipsBeyondItsWindow) {
  Input input(std::make_unique<DrippingSource>(noise(1'000'000), 70'000), 0);
  ASSERT_TRUE(input.fill(10));
  EXPECT_TRUE(input.skip(999'999));
  EXPECT_EQ(input.offset(), 999'999U);
  EXPECT_TRUE(input.fill(1));
  EXPECT_FALSE(input.fill(2));
  EXPECT_FALSE(input.skip(2));
}

}  // namespace
}  // namespace caascan::dump
