#include "ingest/list_reader.h"

namespace caascan::dump {
namespace {

void give_line(std::string_view line, DumpHandler& handler) {
  constexpr std::string_view kBlanks = " \t\r\v\f";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || line[first] == '#') return;
  handler.on_list_line(line.substr(first, line.find_last_not_of(kBlanks) - first + 1));
}

}  // namespace

void read_list(Input& input, DumpHandler& handler) {
  bool skipping_long_line = false;
  if (input.fill(3) && input.view().starts_with("\xef\xbb\xbf")) input.consume(3);
  std::size_t searched = 0;
  while (!handler.stopped()) {
    const std::string_view view = input.view();
    const std::size_t end = view.find('\n', searched);
    if (end != std::string_view::npos) {
      if (!skipping_long_line) give_line(view.substr(0, end), handler);
      skipping_long_line = false;
      input.consume(end + 1);
      searched = 0;
      continue;
    }
    if (view.size() >= kListLineOctetsMax) {
      if (!skipping_long_line) give_line(view, handler);
      skipping_long_line = true;
      input.consume(view.size());
    }
    searched = input.view().size();
    handler.on_wait();
    if (input.more()) continue;
    if (!input.error() && !skipping_long_line) give_line(input.view(), handler);
    return;
  }
}

}  // namespace caascan::dump
