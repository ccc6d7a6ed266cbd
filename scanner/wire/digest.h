// Digests, computed by OpenSSL, which uses the processor's instructions for them.
#pragma once

#include <array>
#include <cstdint>

#include "scanner/wire/cursor.h"

namespace caascan::wire {

using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;

// Of `data` and, behind them, `more`.
[[nodiscard]] Sha1 sha1(Bytes data, Bytes more);
[[nodiscard]] Sha256 sha256(Bytes data);

}  // namespace caascan::wire
