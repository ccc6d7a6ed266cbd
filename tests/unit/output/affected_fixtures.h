// Affected names, from made-up findings.
#pragma once

#include <vector>

#include "fixtures.h"
#include "output/affected.h"
#include "output/provider.h"

namespace caascan::test {

// "namebrightdns.com" is namebright; nothing else is in it.
const ProviderTable& small_table();

// Without any, to be sealed.
AffectedNames no_affected();
// Sealed.
AffectedNames affected_by(const std::vector<Finding>& findings);
AffectedNames make_affected(const std::vector<FindingSpec>& specs);

}  // namespace caascan::test
