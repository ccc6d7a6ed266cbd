#include "output/summary_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace caascan {
namespace {

TEST(SummaryText, ShowsTheBalanceAndTheLists) {
  PublishOptions options;
  options.scan_counts.names_total = 200;
  options.scan_counts.names_by_outcome = {50, 130, 15, 5, 0, 0};
  options.scan_counts.queries_udp = 700;
  options.scan_counts.queries_tcp = 7;
  options.scan_counts.elapsed_s = 65;
  PublishResult result;
  result.generation = "/out/generations/20231114T221320Z";
  result.servfail_namebright = 5;
  result.servfail_other = 10;
  result.timeout_other = 5;
  result.zones_at_fault = 9;
  result.certificates = 21;
  EXPECT_EQ(summary_text(options, result),
            "200 names checked in 0:01:05, 707 queries\n"
            "            15  a CA must refuse: SERVFAIL     7.50 %\n"
            "             5  a CA must refuse: no answer    2.50 %\n"
            "            50  CAA found                     25.00 %\n"
            "           130  no CAA                        65.00 %\n"
            "lists in /out/generations/20231114T221320Z\n"
            "             5  servfail-list-namebright.txt (33 % of all SERVFAIL names)\n"
            "            10  servfail-list-other.txt\n"
            "             0  timeout-list-namebright.txt\n"
            "             5  timeout-list-other.txt\n"
            "             9  zones at fault, in servfail-zones-namebright.txt and -other.txt\n"
            "            21  certificates in feed/certificates.ndjson\n");
}

TEST(SummaryText, SaysWhatIsMissingInAtMost25Lines) {
  PublishOptions options;
  options.scan_counts.names_by_outcome = {1, 1, 1, 1, 1, 1};
  options.ingest_counts.damage_count = 2;
  options.incomplete = true;
  const std::string text = summary_text(options, {.names_carried = 3});
  EXPECT_TRUE(text.contains("not reached"));
  EXPECT_TRUE(text.contains("excluded"));
  EXPECT_TRUE(text.contains("2 places of the input could not be read"));
  EXPECT_TRUE(text.contains(
      "\n3 names that were not reached are listed with the verdict of an earlier set\n"));
  EXPECT_TRUE(text.ends_with("this set is incomplete\n"));
  EXPECT_LE(std::ranges::count(text, '\n'), 25);
}

}  // namespace
}  // namespace caascan
