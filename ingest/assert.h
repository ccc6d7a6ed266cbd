// Broken invariants end the process, in release builds too. Bytes from outside never reach an
// assertion.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace caascan {
[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "caascan: internal error: %s does not hold (%s:%d)\n", condition, file,
               line);
  std::abort();
}
}  // namespace caascan

#define CAASCAN_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::caascan::assertion_failed(#condition, __FILE__, __LINE__))
