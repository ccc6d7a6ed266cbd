#include "output/run_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "fixtures.h"

namespace caascan {
namespace {

using test::TempDir;

constexpr std::int64_t kTime = 1'700'000'000;

TEST(RunLock, SecondRunIsToldWhoHoldsTheFolderSinceWhen) {
  const TempDir dir;
  const auto first = RunLock::acquire(dir.path(), kTime);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  const auto second = RunLock::acquire(dir.path(), kTime + 60);
  ASSERT_FALSE(second.has_value());
  EXPECT_TRUE(second.error().held);
  EXPECT_EQ(second.error().message, "another run (pid " + std::to_string(::getpid()) +
                                        ", started 2023-11-14T22:13:20Z) holds " +
                                        dir.path().string());
  EXPECT_EQ(test::read_file(dir.path() / ".lock"),
            "pid " + std::to_string(::getpid()) + ", started 2023-11-14T22:13:20Z\n");
}

TEST(RunLock, IsFreeOnceTheHolderIsGone) {
  const TempDir dir;
  {
    auto first = RunLock::acquire(dir.path(), kTime);
    ASSERT_TRUE(first.has_value());
    const RunLock moved = std::move(*first);
    EXPECT_FALSE(RunLock::acquire(dir.path(), kTime).has_value());
  }
  EXPECT_TRUE(RunLock::acquire(dir.path(), kTime).has_value());
}

TEST(RunLock, KilledHolderLeavesNoStaleLock) {
  const TempDir dir;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto held = RunLock::acquire(dir.path(), kTime);
    ::raise(SIGKILL);
    ::_exit(held.has_value() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(test::read_file(dir.path() / ".lock").contains(std::to_string(child)));
  EXPECT_TRUE(RunLock::acquire(dir.path(), kTime).has_value());
}

TEST(RunLock, FolderThatCannotBeLockedIsAnErrorOfAnotherKind) {
  const TempDir dir;
  const auto lock = RunLock::acquire(dir.path() / "none", kTime);
  ASSERT_FALSE(lock.has_value());
  EXPECT_FALSE(lock.error().held);
  EXPECT_EQ(lock.error().message, "cannot create " + (dir.path() / "none" / ".lock").string() +
                                      ": No such file or directory");
}

}  // namespace
}  // namespace caascan
