#include "scanner/net/kernel_entropy.h"

#include <sys/random.h>

#include <cerrno>

#include "ingest/assert.h"

namespace caascan::net {

void KernelEntropy::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    CAASCAN_ASSERT(got > 0 || errno == EINTR);
    if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace caascan::net
