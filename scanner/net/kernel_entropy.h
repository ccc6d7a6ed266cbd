// Chance from the kernel, for ids, ports and letter case.
#pragma once

#include "scanner/engine/random.h"

namespace caascan::net {

// getrandom(2). Never short: it cannot fail once the kernel's pool is initialised.
class KernelEntropy final : public engine::EntropySource {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace caascan::net
