// The program itself, killed and started again, against a resolver on loopback.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "scanner/store/journal.h"
#include "tests/integration/fake_resolver.h"

namespace caascan::integration {
namespace {

namespace fs = std::filesystem;

constexpr int kNames = 6000;
constexpr int kKills = 5;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Kill : public testing::Test {
 protected:
  Kill() {
    std::string pattern = testing::TempDir() + "caascan-kill-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    write_names("");
  }
  ~Kill() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // Every eighth name is affected, others have CAA or nothing; `mark` is put into each.
  void write_names(const std::string& mark) {
    std::ofstream out(folder_ / "names");
    for (int i = 0; i < kNames; ++i) {
      const char* kind = i % 8 == 3 ? "sf" : i % 4 == 0 ? "caa" : "ok";
      out << kind << i << mark << ".zone" << 10000 + i << ".com\n";
    }
  }

  pid_t start(const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        CAASCAN_PROGRAM, "run", "--ct", (folder_ / "names").string(), "--out",
        (folder_ / out).string(), "--resolver",
        "127.0.0.1:" + std::to_string(resolver_.endpoint().port), "--server-qps", "20000",
        "--confirm-after", "300ms", "--progress", "off",
        // Few names at a time, so that some have ended at every moment.
        "--memory", "32MiB"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string said = (folder_ / "said").string();
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    const int fd = ::open(said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(fd, STDERR_FILENO);
    ::dup2(fd, STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  // Its status, or the negative number of the signal that has ended it.
  static int finish(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  // Sends the signal once the condition holds, unless the process ends before.
  static int end_when(pid_t pid, const std::function<bool()>& condition, int signal = SIGKILL) {
    while (!condition()) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          info.si_pid == pid) {
        break;
      }
      std::this_thread::yield();
    }
    ::kill(pid, signal);
    return finish(pid);
  }
  [[nodiscard]] std::string said() const { return read_file(folder_ / "said"); }
  [[nodiscard]] fs::path work(const std::string& out) const { return folder_ / out / ".work"; }
  [[nodiscard]] boost::json::value summary(const std::string& out) const {
    return boost::json::parse(read_file(folder_ / out / "current/summary.json"));
  }
  // Names that have their verdict on disk.
  [[nodiscard]] std::uint64_t names_done(const std::string& out) const {
    const auto contents = read_journal(work(out) / "journal");
    return contents ? contents->counts.names_total : 0;
  }
  void expect_same_sets(const std::string& expected, const std::string& got) const {
    for (const char* name :
         {"servfail-list-namebright.txt", "servfail-list-other.txt", "servfail-zones-other.txt",
          "timeout-list-other.txt", "exceptions.txt", "providers.tsv", "feed/hostnames.txt"}) {
      EXPECT_EQ(read_file(folder_ / expected / "current" / name),
                read_file(folder_ / got / "current" / name))
          << name;
    }
    const boost::json::value first = summary(expected), second = summary(got);
    for (const char* member : {"names_total", "names_by_outcome", "lists", "incomplete"}) {
      EXPECT_EQ(first.at(member), second.at(member)) << member;
    }
    EXPECT_EQ(second.at("names_total").to_number<int>(), kNames);
  }

  FakeResolver resolver_;
  fs::path folder_;
};

TEST_F(Kill, AtRandomMomentsTheSetIsThatOfAnUndisturbedRun) {
  ASSERT_EQ(finish(start("whole")), 0) << said();
  const std::uint64_t whole = resolver_.queries();
  EXPECT_FALSE(fs::exists(work("whole") / "journal"));
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 chance(seed);
  std::uint64_t done = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const std::uint64_t until = resolver_.queries() + chance() % (whole / kKills);
    ASSERT_EQ(end_when(start("killed"), [&] { return resolver_.queries() >= until; }), -SIGKILL)
        << said();
    const std::uint64_t now = names_done("killed");
    EXPECT_GE(now, done);
    done = now;
  }
  // Once more while the set is being made.
  end_when(start("killed"), [&] { return fs::exists(work("killed") / "findings.ndjson.zst"); });
  const int status = finish(start("killed"));
  ASSERT_EQ(status, 0) << said();
  expect_same_sets("whole", "killed");
  EXPECT_EQ(summary("killed").at("journal_damage").to_number<int>(), 0);
  EXPECT_FALSE(fs::exists(work("killed") / "journal"));
}

TEST_F(Kill, AnInterruptedRunGoesOnAndAsksNothingTwiceThatIsOnDisk) {
  const std::uint64_t before = resolver_.queries();
  ASSERT_EQ(end_when(
                start("out"), [&] { return names_done("out") > kNames / 2; }, SIGTERM),
            3)
      << said();
  EXPECT_NE(said().find("The same command goes on from here"), std::string::npos);
  const std::uint64_t done = names_done("out");
  const std::uint64_t asked = resolver_.queries() - before;
  ASSERT_EQ(finish(start("out")), 0) << said();
  EXPECT_NE(said().find(": " + std::to_string(done) + " of its names have their verdict"),
            std::string::npos)
      << said();
  EXPECT_EQ(summary("out").at("starts").to_number<int>(), 2);
  EXPECT_EQ(summary("out").at("names_total").to_number<int>(), kNames);
  // Both starts together are counted, and the second one asked for the rest alone: two labels a
  // name, a second round and the diagnosis of those that fail.
  const auto counted = summary("out").at("scan").at("queries_udp").to_number<std::uint64_t>();
  EXPECT_EQ(counted, resolver_.queries() - before);
  EXPECT_LT(counted - asked, (kNames - done) * 4);
}

TEST_F(Kill, WhatDiffersStartsAfreshAndSaysSo) {
  const auto stop = [&] { return end_when(start("out"), [&] { return names_done("out") > 100; }); };
  ASSERT_EQ(stop(), -SIGKILL) << said();
  ASSERT_EQ(finish(start("out", {"--confirm-rounds", "0"})), 0) << said();
  EXPECT_NE(said().find("starting afresh: not as in the run before: confirm-rounds"),
            std::string::npos)
      << said();
  EXPECT_EQ(summary("out").at("starts").to_number<int>(), 1);

  ASSERT_EQ(stop(), -SIGKILL) << said();
  ASSERT_EQ(finish(start("out", {"--fresh"})), 0) << said();
  EXPECT_NE(said().find("starting afresh (--fresh): the run of "), std::string::npos) << said();

  ASSERT_EQ(stop(), -SIGKILL) << said();
  write_names("x");
  ASSERT_EQ(finish(start("out")), 0) << said();
  EXPECT_NE(said().find("starting afresh: not as in the run before: inputs"), std::string::npos)
      << said();
  EXPECT_EQ(summary("out").at("names_total").to_number<int>(), kNames);
}

// The same size, the same time of change, and other names.
TEST_F(Kill, AnInputThatChangedWithoutASignPublishesNothing) {
  ASSERT_EQ(end_when(start("out"), [&] { return names_done("out") > 100; }), -SIGKILL) << said();
  const fs::path names = folder_ / "names";
  const fs::file_time_type time = fs::last_write_time(names);
  std::string text = read_file(names);
  text[text.find("zone1")] = 'q';
  std::ofstream(names, std::ios::binary) << text;
  fs::last_write_time(names, time);
  EXPECT_EQ(finish(start("out")), 1);
  EXPECT_NE(said().find("has other names in it; nothing was published"), std::string::npos)
      << said();
  EXPECT_FALSE(fs::exists(folder_ / "out/current"));
  EXPECT_FALSE(fs::exists(work("out") / "journal"));
  EXPECT_EQ(finish(start("out")), 0) << said();
}

TEST_F(Kill, ADamagedJournalIsToldAndWhatWasBehindItIsAskedAgain) {
  ASSERT_EQ(finish(start("whole")), 0) << said();
  ASSERT_EQ(end_when(start("out"), [&] { return names_done("out") > kNames / 2; }), -SIGKILL)
      << said();
  const fs::path journal = work("out") / "journal";
  std::string text = read_file(journal);
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
  std::ofstream(journal, std::ios::binary) << text;
  const std::uint64_t done = names_done("out");
  ASSERT_EQ(finish(start("out")), 0) << said();
  EXPECT_NE(said().find(journal.string() + ": byte "), std::string::npos) << said();
  EXPECT_NE(said().find("its names are asked again"), std::string::npos) << said();
  EXPECT_NE(said().find(": " + std::to_string(done) + " of its names"), std::string::npos);
  EXPECT_EQ(summary("out").at("journal_damage").to_number<int>(), 1);
  expect_same_sets("whole", "out");
}

// Names that are not in the input any more are not on the lists either.
TEST_F(Kill, WhatADeadlineLeavesOverHasTheVerdictOfTheSetBefore) {
  ASSERT_EQ(finish(start("out")), 0) << said();
  const boost::json::value before = summary("out");
  std::vector<std::string> lists;
  for (const char* name : {"servfail-list-other.txt", "servfail-zones-other.txt", "exceptions.txt",
                           "providers.tsv", "feed/hostnames.txt"})
    lists.push_back(read_file(folder_ / "out/current" / name));
  const std::uint64_t asked = resolver_.queries();

  ASSERT_EQ(finish(start("out", {"--deadline", "1ms"})), 4) << said();
  EXPECT_EQ(resolver_.queries(), asked);
  const boost::json::value after = summary("out");
  EXPECT_EQ(after.at("names_by_outcome").at("not-reached").to_number<int>(), kNames);
  EXPECT_EQ(after.at("names_carried"), before.at("names_by_outcome").at("servfail"));
  EXPECT_GT(after.at("names_carried").to_number<int>(), 0);
  EXPECT_EQ(after.at("lists"), before.at("lists"));
  std::size_t at = 0;
  for (const char* name : {"servfail-list-other.txt", "servfail-zones-other.txt", "exceptions.txt",
                           "providers.tsv", "feed/hostnames.txt"})
    EXPECT_EQ(read_file(folder_ / "out/current" / name), lists[at++]) << name;

  write_names("x");
  ASSERT_EQ(finish(start("out", {"--deadline", "1ms"})), 4) << said();
  EXPECT_EQ(summary("out").at("names_carried").to_number<int>(), 0);
  EXPECT_EQ(read_file(folder_ / "out/current/servfail-list-other.txt"), "");

  const fs::path findings = fs::canonical(folder_ / "out/current") / "findings.ndjson.zst";
  fs::resize_file(findings, fs::file_size(findings) - 1);
  ASSERT_EQ(finish(start("out", {"--deadline", "1ms"})), 4) << said();
  EXPECT_NE(said().find("no verdict of the last set can be carried over: " + findings.string()),
            std::string::npos)
      << said();
}

// The whole scan is in the journal, so that the second start asks nothing.
TEST_F(Kill, ADamagedDumpIsPublishedWithoutAnotherQuestion) {
  std::ofstream(folder_ / "page") << "<!DOCTYPE html><html></html>\n";
  const std::vector<std::string> page = {"--ct", (folder_ / "page").string()};
  ASSERT_EQ(finish(start("out", page)), 1) << said();
  const std::uint64_t asked = resolver_.queries();
  ASSERT_EQ(finish(start("out", {page[0], page[1], "--skip-damaged"})), 4) << said();
  EXPECT_EQ(resolver_.queries(), asked);
  EXPECT_EQ(summary("out").at("names_total").to_number<int>(), kNames);
}

}  // namespace
}  // namespace caascan::integration
