#include "affected_fixtures.h"

#include <gtest/gtest.h>

#include "scanner/store/finding_store.h"

namespace caascan::test {

const ProviderTable& small_table() {
  static const ProviderTable kTable =
      ProviderTable::parse("namebrightdns.com\tnamebright\n", "test").value_or(ProviderTable());
  return kTable;
}

AffectedNames no_affected() {
  const TempDir folder;  // the spill's file has no name any more
  return AffectedNames(FindingSpill::create(folder.path()).value());
}

AffectedNames affected_by(const std::vector<Finding>& findings) {
  AffectedNames out = no_affected();
  for (const Finding& finding : findings)
    EXPECT_TRUE(out.add(finding, finding_to_json(finding), small_table()).has_value());
  EXPECT_TRUE(out.seal().has_value());
  return out;
}

AffectedNames make_affected(const std::vector<FindingSpec>& specs) {
  std::vector<Finding> findings;
  for (const FindingSpec& spec : specs) findings.push_back(make_finding(spec));
  return affected_by(findings);
}

}  // namespace caascan::test
