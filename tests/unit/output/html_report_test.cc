#include "output/html_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "affected_fixtures.h"

namespace caascan {
namespace {

using test::make_finding;

// The page of a scan of ten good names and of `findings`.
std::string page_of(const std::vector<Finding>& findings, PublishOptions options = {}) {
  static AffectedNames affected = test::no_affected();  // the contents borrow from it
  affected = test::affected_by(findings);
  options.scan_counts.names_by_outcome[static_cast<std::size_t>(Outcome::kEmpty)] = 10;
  options.scan_counts.names_total = 10 + findings.size();
  for (const Finding& finding : findings) {
    ++options.scan_counts.names_by_outcome[static_cast<std::size_t>(finding.outcome)];
  }
  SetContents contents;
  contents.providers = rank_providers(affected);
  contents.tally = tally_of(affected);
  contents.list_lines = {{"servfail-list-other.txt", 7}};
  contents.degraded = 3;
  contents.hidden_caa = 4;
  return report_html(options, contents);
}

TEST(HtmlReport, HasATableOfRootCauses) {
  Finding expired = make_finding({.name = "a.example"});
  expired.cause = Cause::kBogus;
  expired.security = Security::kBogus;
  expired.bogus = BogusKind::kExpired;
  const Finding silent = make_finding({.name = "b.example", .outcome = Outcome::kTimeout});
  const std::string page = page_of({expired, silent});
  const Reason& reason = builtin_reasons().reason_of(expired);
  EXPECT_TRUE(page.contains("Of 12 issued names, a CA must refuse 2 (16.67&nbsp;%)")) << page;
  EXPECT_TRUE(
      page.contains("<tr id=\"signatures-expired\"><td><code>signatures-expired</code><br>" +
                    html_text(reason.likely) + "<br><span class=\"note\">" + html_text(reason.fix) +
                    "</span></td><td class=\"n\">1</td>"))
      << page;
  EXPECT_TRUE(page.contains("<tr id=\"nameservers-silent\">"));
  EXPECT_TRUE(
      page.contains("<td><code>expired</code></td><td>the signatures have expired</td>"
                    "<td class=\"n\">1</td><td class=\"n\">50.0&nbsp;%</td>"));
  EXPECT_TRUE(page.contains("<code>br-forbidden</code>"));
  EXPECT_TRUE(page.contains("<tr><td>example-dns.net</td><td class=\"n\">1</td>"));
  EXPECT_TRUE(
      page.contains("<li>3 zones of which some servers fail: <a href=\"degraded.ndjson\">"));
  EXPECT_TRUE(page.contains("<li>4 CAA sets"));
  EXPECT_TRUE(page.contains("servfail-list-other.txt</a>: 7 lines"));
  EXPECT_FALSE(page.contains("incomplete"));
}

TEST(HtmlReport, RunWithoutAffectedNamesHasNoEmptyTables) {
  const std::string page = page_of({});
  EXPECT_TRUE(page.contains("a CA must refuse 0 (0.00&nbsp;%)"));
  EXPECT_FALSE(page.contains("Root causes"));
  EXPECT_FALSE(page.contains("<h2>Providers"));
}

TEST(HtmlReport, SaysThatASetIsIncomplete) {
  PublishOptions options;
  options.incomplete = true;
  EXPECT_TRUE(page_of({}, options).contains("This set is incomplete"));
}

TEST(HtmlReport, ShowsTheFirstProvidersAndWhereTheOthersAre) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < kProvidersInSummary + 1; ++i) {
    const std::string number = std::to_string(10 + i);
    findings.push_back(make_finding(
        {.name = "n" + number + ".example", .nameservers = {"ns.x" + number + ".net"}}));
  }
  const std::string page = page_of(findings);
  EXPECT_TRUE(page.contains("<td>x29.net</td>"));
  EXPECT_FALSE(page.contains("<td>x30.net</td>"));
  EXPECT_TRUE(page.contains("The first 20 of 21;"));
  findings.pop_back();
  EXPECT_FALSE(page_of(findings).contains("The first 20"));
}

TEST(HtmlReport, NothingGetsInAsMarkupAndNothingIsLoaded) {
  PublishOptions options;
  options.version = "</p><script>alert('1')</script>&\"";
  const std::string page = page_of({make_finding({.name = "a.example"})}, options);
  EXPECT_FALSE(page.contains("<script"));
  EXPECT_TRUE(
      page.contains("&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;"));
  EXPECT_FALSE(page.contains("http:"));
  EXPECT_FALSE(page.contains("https:"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

// Each element that is opened is closed, in the right order.
TEST(HtmlReport, IsWellNested) {
  const std::string page =
      page_of({make_finding({.name = "a.example"}),
               make_finding({.name = "b.example", .outcome = Outcome::kTimeout})});
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const bool closing = page[at + 1] == '/';
    const std::size_t begin = at + (closing ? 2 : 1);
    const std::string name = page.substr(begin, page.find_first_of(" >", begin) - begin);
    if (name == "meta" || name == "br" || name == "!DOCTYPE") continue;
    if (!closing) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << name;
    EXPECT_EQ(open.back(), name);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

}  // namespace
}  // namespace caascan
