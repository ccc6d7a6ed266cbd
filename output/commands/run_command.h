// `caascan run`: dumps are read, names scanned, the set is published.
#pragma once

#include <atomic>

#include "output/commands/command_line.h"

namespace caascan {

// `stop` ends it early: nothing is published then, and the same command goes on from there.
[[nodiscard]] int run_command(const RawOptions& raw, const std::atomic<bool>& stop);

}  // namespace caascan
