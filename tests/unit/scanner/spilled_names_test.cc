#include "scanner/store/spilled_names.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <random>

namespace caascan {
namespace {

namespace fs = std::filesystem;

class SpilledNamesTest : public testing::Test {
 protected:
  SpilledNamesTest() {
    std::string name = (fs::temp_directory_path() / "spilled-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SpilledNamesTest() override { fs::remove_all(folder_); }
  // The only file that this process has open in the folder.
  [[nodiscard]] int descriptor() const {
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      const fs::path target = fs::read_symlink(entry.path(), error);
      if (target.string().starts_with(folder_.string())) return std::stoi(entry.path().filename());
    }
    return -1;
  }
  static NamePutAway name(NameNumber number) {
    return {
        number,
        DomainName::from_canonical("host" + std::to_string(number) + "." +
                                   std::string(number % 60 + 1, 'x') + ".example"),
        number % 3 == 0,
        std::string(number % 7 == 0 ? kPutAwayKnownMax : number % 200, static_cast<char>(number))};
  }
  static void expect_name(const NamePutAway& read, NameNumber number) {
    EXPECT_EQ(read.number, number);
    EXPECT_EQ(read.name, name(number).name);
    EXPECT_EQ(read.after_alias, number % 3 == 0);
    EXPECT_EQ(read.known, name(number).known);
  }
  fs::path folder_;
};

TEST_F(SpilledNamesTest, ComeBackAsTheyWereInTheOrderOfTheirLineWhateverTheMemory) {
  for (const std::size_t memory_bytes :
       {std::size_t{0}, std::size_t{1} << 14, std::size_t{1} << 24}) {
    auto names = SpilledNames::create(folder_, memory_bytes);
    ASSERT_TRUE(names.has_value());
    EXPECT_TRUE(fs::is_empty(folder_));  // the file has no name
    std::mt19937 chance(3);
    std::map<LineId, std::deque<NameNumber>> model;
    NameNumber next = 0;
    std::vector<NamePutAway> out;
    for (int step = 0; step < 2000; ++step) {
      const LineId line = chance() % 5;
      if (chance() % 3 != 0) {
        for (std::uint32_t i = chance() % 100; i > 0; --i) {
          model[line].push_back(next);
          names->put(line, name(next++));
        }
        continue;
      }
      const std::size_t wanted = chance() % 150;
      const std::size_t there = std::min(wanted, model[line].size());
      out.clear();
      names->take(line, wanted, out);
      ASSERT_EQ(out.size(), there);
      for (const NamePutAway& read : out) {
        expect_name(read, model[line].front());
        model[line].pop_front();
      }
    }
    for (auto& [line, left] : model) {
      out.clear();
      names->take(line, left.size() + 1, out);
      ASSERT_EQ(out.size(), left.size());
      for (std::size_t i = 0; i < out.size(); ++i) expect_name(out[i], left[i]);
    }
    EXPECT_FALSE(names->error().has_value());
    EXPECT_EQ(memory_bytes == std::size_t{1} << 24 || names->file_bytes() > 0, true);
  }
}

TEST_F(SpilledNamesTest, TheFileGrowsNoLongerThanWhatIsThereAtATime) {
  auto names = SpilledNames::create(folder_, 0);
  ASSERT_TRUE(names.has_value());
  std::vector<NamePutAway> out;
  std::uint64_t once_bytes = 0;
  for (int turn = 0; turn < 20; ++turn) {
    for (NameNumber number = 0; number < 5000; ++number) names->put(0, name(number));
    out.clear();
    names->take(0, 5000, out);
    ASSERT_EQ(out.size(), 5000u);
    if (turn == 0) once_bytes = names->file_bytes();
  }
  EXPECT_GT(once_bytes, 0u);
  EXPECT_EQ(names->file_bytes(), once_bytes);
}

TEST_F(SpilledNamesTest, WhatIsNotReadAsItWasWrittenIsAnErrorAndNeverANameOfItsOwn) {
  for (const bool cut : {false, true}) {
    auto names = SpilledNames::create(folder_, 0);
    ASSERT_TRUE(names.has_value());
    for (NameNumber number = 0; number < 1000; ++number) names->put(0, name(number));
    const int fd = descriptor();
    ASSERT_GE(fd, 0);
    if (cut) {
      ASSERT_EQ(::ftruncate(fd, 100), 0);
    } else {
      std::uint8_t octet = 0;
      ASSERT_EQ(::pread(fd, &octet, 1, 20), 1);
      octet ^= 1;
      ASSERT_EQ(::pwrite(fd, &octet, 1, 20), 1);
    }
    std::vector<NamePutAway> out;
    names->take(0, 1000, out);
    ASSERT_TRUE(names->error().has_value());
    EXPECT_TRUE(names->error()->contains(folder_.string())) << *names->error();
    EXPECT_LT(out.size(), 1000u);
    for (std::size_t i = 0; i < out.size(); ++i) expect_name(out[i], i);
    // It stays as it is.
    const std::size_t before = out.size();
    names->put(0, name(1));
    names->take(0, 10, out);
    EXPECT_EQ(out.size(), before);
  }
}

TEST_F(SpilledNamesTest, ADiskThatIsFullIsAnError) {
  auto names = SpilledNames::create(folder_, 0);
  ASSERT_TRUE(names.has_value());
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {100, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  for (NameNumber number = 0; number < 1000; ++number) names->put(0, name(number));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_TRUE(names->error().has_value());
  EXPECT_TRUE(names->error()->contains("cannot write")) << *names->error();
}

TEST_F(SpilledNamesTest, AFolderThatIsNotThereIsNamed) {
  const auto names = SpilledNames::create(folder_ / "missing", 0);
  ASSERT_FALSE(names.has_value());
  EXPECT_TRUE(names.error().contains("missing"));
}

}  // namespace
}  // namespace caascan
