#include "affected_fixtures.h"

#include <gtest/gtest.h>

namespace caascan::test {

const ProviderTable& small_table() {
  static const ProviderTable kTable =
      ProviderTable::parse("namebrightdns.com\tnamebright\n", "test").value_or(ProviderTable());
  return kTable;
}

AffectedNames make_affected(const std::vector<FindingSpec>& specs) {
  AffectedNames out;
  for (const FindingSpec& spec : specs) out.add(make_finding(spec), small_table(), SpilledLine{});
  EXPECT_TRUE(out.seal().has_value());
  return out;
}

}  // namespace caascan::test
