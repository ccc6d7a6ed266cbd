// The status line of `caascan run`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

#include "ingest/ingest.h"
#include "output/progress.h"
#include "scanner/scan.h"
#include "scanner/store/journal.h"

namespace caascan {

// Where the figures are read; all borrowed, and written by other threads meanwhile.
struct StatusSources {
  const IngestProgress* ingest = nullptr;
  const std::atomic<bool>* ingest_done = nullptr;
  const ScanProgress* scan = nullptr;
  const JournalWriter* journal = nullptr;
  std::uint64_t queries_before = 0;  // sent by earlier starts
};

// Tells on standard error how far a run is, on a thread of its own: it must wait neither for a slow
// dump nor for the network. Made and ended by one thread.
class StatusLine {
 public:
  // `at_each_look` is called by the new thread, some times a second.
  StatusLine(ProgressMode mode, const StatusSources& sources, std::function<void()> at_each_look);
  // Clears the line, so that other text can follow.
  void end();

 private:
  void watch(const std::stop_token& ending);
  [[nodiscard]] ProgressSnapshot look();

  ProgressMode mode_;
  StatusSources sources_;
  std::function<void()> at_each_look_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  QuestionRate rate_;
  std::jthread thread_;  // last: what it uses is there before it
};

}  // namespace caascan
