#include "output/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <string>

namespace caascan {
namespace {

using namespace std::chrono_literals;

ProgressSnapshot snapshot() {
  return {.elapsed_s = 3725.4,
          .bytes_read = 500,
          .bytes_total = 1000,
          .entries = 7,
          .names_known = 1'234'567,
          .names_done = 65'432,
          .queries = 100'000,
          .qps_now = 9876.54,
          .failing = 12,
          .waiting_confirm = 1000,
          .stage = "scanning"};
}

TEST(ProgressLine, SaysWhereTheRunIs) {
  EXPECT_EQ(progress_line(snapshot()),
            "1:02:05 scanning, 50 % of the dump: 65,432 of 1,234,567 names, 9,876 q/s, 12 failing, "
            "1,000 to confirm");
}

TEST(ProgressLine, LeavesOutWhatIsNotKnownOrOver) {
  ProgressSnapshot done = snapshot();
  done.bytes_read = done.bytes_total;
  done.waiting_confirm = 0;
  EXPECT_EQ(progress_line(done),
            "1:02:05 scanning: 65,432 of 1,234,567 names, 9,876 q/s, 12 failing");
  done.bytes_total = 0;  // standard input
  EXPECT_EQ(progress_line(done),
            "1:02:05 scanning: 65,432 of 1,234,567 names, 9,876 q/s, 12 failing");
}

TEST(ProgressLine, ANearlyReadDumpIsNot100Percent) {
  ProgressSnapshot nearly = snapshot();
  nearly.bytes_total = std::numeric_limits<std::uint64_t>::max();
  nearly.bytes_read = nearly.bytes_total - 1;
  EXPECT_TRUE(progress_line(nearly).contains(" 99 % "));
}

TEST(ProgressLine, FitsALineWhateverTheNumbers) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  const ProgressSnapshot most = {.elapsed_s = 1e300,
                                 .bytes_read = kMost - 1,
                                 .bytes_total = kMost,
                                 .entries = kMost,
                                 .names_known = kMost,
                                 .names_done = kMost,
                                 .queries = kMost,
                                 .qps_now = 1e15,
                                 .failing = kMost,
                                 .waiting_confirm = kMost,
                                 .put_away = kMost,
                                 .slowest = {{.server = std::string(39, 'f'), .left_s = 1e300}},
                                 .stage = "scanning"};
  EXPECT_LE(progress_line(most).size(), 120U);
}

TEST(ProgressJson, HasEveryMember) {
  EXPECT_EQ(progress_json(snapshot()),
            "{\"stage\":\"scanning\",\"elapsed_s\":3725.4,\"bytes_read\":500,\"bytes_total\":1000,"
            "\"entries\":7,\"names_known\":1234567,\"names_done\":65432,\"queries\":100000,"
            "\"qps_now\":9876.5,\"failing\":12,\"waiting_confirm\":1000,\"put_away\":0,"
            "\"slowest\":[]}");
  ProgressSnapshot slow = snapshot();
  slow.put_away = 7201;
  slow.slowest = {{.server = "192.0.2.1", .names = 7203, .qps = 2, .left_s = 3601.5}};
  EXPECT_TRUE(progress_json(slow).ends_with(
      "\"put_away\":7201,\"slowest\":[{\"server\":\"192.0.2.1\",\"names\":7203,\"qps\":2,"
      "\"left_s\":3602}]}"))
      << progress_json(slow);
}

TEST(ProgressLine, SaysWhoTakesLongest) {
  ProgressSnapshot slow = snapshot();
  slow.bytes_total = slow.waiting_confirm = 0;
  slow.put_away = 7201;
  slow.slowest = {{.server = "192.0.2.1", .names = 7203, .qps = 2, .left_s = 3601.5},
                  {.server = "192.0.2.2", .names = 10, .qps = 2, .left_s = 5}};
  EXPECT_EQ(progress_line(slow),
            "1:02:05 scanning: 65,432 of 1,234,567 names, 9,876 q/s, 12 failing, 7,201 put away, "
            "192.0.2.1 takes 1:00:01");
}

TEST(ProgressMode, WordsOfTheOption) {
  EXPECT_EQ(progress_mode_from_word("auto"), ProgressMode::kAuto);
  EXPECT_EQ(progress_mode_from_word("plain"), ProgressMode::kPlain);
  EXPECT_EQ(progress_mode_from_word("json"), ProgressMode::kJson);
  EXPECT_EQ(progress_mode_from_word("off"), ProgressMode::kOff);
  EXPECT_EQ(progress_mode_from_word("Auto"), std::nullopt);
}

// A pipe whose far end tells what was written.
TEST(QuestionRate, IsThatOfTheLastSecond) {
  QuestionRate rate(/*sent=*/1000);  // by earlier starts
  EXPECT_EQ(rate.at(0.2, 1100), 0);
  EXPECT_EQ(rate.at(2.0, 1500), 250);
  EXPECT_EQ(rate.at(2.9, 9000), 250) << "told anew each second";
  EXPECT_EQ(rate.at(3.0, 9000), 7500);
  EXPECT_EQ(rate.at(4.0, 9000), 0);
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  [[nodiscard]] int fd() const { return ends_[1]; }
  std::string read() const {
    std::string out(65'536, '\0');
    const ssize_t size = ::read(ends_[0], out.data(), out.size());
    out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return out;
  }

 private:
  std::array<int, 2> ends_{};
};

constexpr ProgressWriter::TimePoint kStart{};

TEST(ProgressWriter, OnATerminalOneLineIsRewritten) {
  const Pipe pipe;
  ProgressWriter writer(ProgressMode::kAuto, pipe.fd(), /*is_terminal=*/true);
  writer.update(snapshot(), kStart);
  EXPECT_EQ(pipe.read(), "\r\x1b[K" + progress_line(snapshot()));
  writer.update(snapshot(), kStart + kStatusLineInterval - 1ns);
  EXPECT_EQ(pipe.read(), "");
  writer.update(snapshot(), kStart + kStatusLineInterval);
  EXPECT_EQ(pipe.read(), "\r\x1b[K" + progress_line(snapshot()));
  writer.clear();
  EXPECT_EQ(pipe.read(), "\r\x1b[K");
  writer.clear();
  EXPECT_EQ(pipe.read(), "");
}

TEST(ProgressWriter, ElsewherePlainLinesTenSecondsApart) {
  const Pipe pipe;
  ProgressWriter writer(ProgressMode::kAuto, pipe.fd());
  writer.update(snapshot(), kStart);
  EXPECT_EQ(pipe.read(), progress_line(snapshot()) + "\n");
  writer.update(snapshot(), kStart + 10s - 1ns);
  EXPECT_EQ(pipe.read(), "");
  writer.update(snapshot(), kStart + 10s);
  EXPECT_EQ(pipe.read(), progress_line(snapshot()) + "\n");
  writer.clear();
  EXPECT_EQ(pipe.read(), "");
}

TEST(ProgressWriter, PlainOnATerminalIsStillPlain) {
  const Pipe pipe;
  ProgressWriter writer(ProgressMode::kPlain, pipe.fd(), /*is_terminal=*/true);
  writer.update(snapshot(), kStart);
  EXPECT_EQ(pipe.read(), progress_line(snapshot()) + "\n");
}

TEST(ProgressWriter, JsonAndOff) {
  const Pipe pipe;
  ProgressWriter json(ProgressMode::kJson, pipe.fd(), /*is_terminal=*/true);
  json.update(snapshot(), kStart);
  EXPECT_EQ(pipe.read(), progress_json(snapshot()) + "\n");
  ProgressWriter off(ProgressMode::kOff, pipe.fd(), /*is_terminal=*/true);
  off.update(snapshot(), kStart);
  off.clear();
  EXPECT_EQ(pipe.read(), "");
}

}  // namespace
}  // namespace caascan
