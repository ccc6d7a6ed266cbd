// Affected names, from made-up findings.
#pragma once

#include <vector>

#include "fixtures.h"
#include "output/affected.h"
#include "output/provider.h"

namespace caascan::test {

// "namebrightdns.com" is namebright; nothing else is in it.
const ProviderTable& small_table();

// Sealed.
AffectedNames make_affected(const std::vector<FindingSpec>& specs);

}  // namespace caascan::test
