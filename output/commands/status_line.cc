#include "output/commands/status_line.h"

#include <unistd.h>

#include <utility>

namespace caascan {

StatusLine::StatusLine(ProgressMode mode, const StatusSources& sources,
                       std::function<void()> at_each_look)
    : mode_(mode),
      sources_(sources),
      at_each_look_(std::move(at_each_look)),
      rate_(sources.queries_before),
      thread_([this](const std::stop_token& ending) { watch(ending); }) {}

void StatusLine::end() {
  thread_.request_stop();
  thread_.join();
}

void StatusLine::watch(const std::stop_token& ending) {
  ProgressWriter writer(mode_, STDERR_FILENO);
  while (!ending.stop_requested()) {
    writer.update(look(), std::chrono::steady_clock::now());
    at_each_look_();
    std::this_thread::sleep_for(kStatusLineInterval / 2);
  }
  writer.clear();
}

ProgressSnapshot StatusLine::look() {
  ProgressSnapshot shot;
  shot.elapsed_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  shot.bytes_read = sources_.ingest->bytes_read;
  shot.bytes_total = sources_.ingest->bytes_total;
  shot.entries = sources_.ingest->entries;
  shot.names_known = sources_.ingest->names_unique;
  // What a crash cannot take back.
  shot.names_done = sources_.journal->names_durable();
  shot.failing = sources_.journal->findings_durable();
  shot.queries = sources_.queries_before + sources_.scan->queries;
  shot.qps_now = rate_.at(shot.elapsed_s, shot.queries);
  shot.waiting_confirm = sources_.scan->names_failing;
  shot.put_away = sources_.scan->names_put_away;
  for (const SlowLine& line : sources_.scan->slowest()) {
    shot.slowest.push_back({(line.is_group ? "group of " : "") + line.server, line.names,
                            line.rate_qps, line.left_s()});
  }
  shot.stage = *sources_.ingest_done ? "scanning" : "reading";
  return shot;
}

}  // namespace caascan
