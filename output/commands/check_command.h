// `caascan check`.
#pragma once

#include <atomic>

#include "output/commands/command_line.h"

namespace caascan {

// One name at a time, each step shown. Status 0: good; 1: affected or no verdict. `stop` ends it
// early.
[[nodiscard]] int check_command(const RawOptions& raw, const std::atomic<bool>& stop);

}  // namespace caascan
