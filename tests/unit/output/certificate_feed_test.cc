#include "output/certificate_feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "affected_fixtures.h"

namespace caascan {
namespace {

using test::make_affected;

constexpr std::int64_t kAt = 1'700'000'000;

CertificateRecord certificate(std::string serial, std::vector<std::string> names,
                              std::int64_t not_after = kAt, bool precertificate = false) {
  return {.serial_hex = std::move(serial),
          .issuer_organization = "Let's Encrypt",
          .issuer_common_name = "R3",
          .not_after_unix_s = not_after,
          .precertificate = precertificate,
          .names = std::move(names)};
}

std::vector<std::string> lines_of(const CertificateFeed& feed) {
  std::vector<std::string> out;
  const auto done = feed.for_each_line([&](std::string_view line) {
    out.emplace_back(line);
    return std::expected<void, std::string>();
  });
  EXPECT_TRUE(done.has_value());
  return out;
}

TEST(CertificateFeed, LineHasWhatTheMailerNeeds) {
  const AffectedNames affected = make_affected({{.name = "a.example", .failing_label = "example"}});
  CertificateFeed feed(affected, kAt);
  feed.add(certificate("03ab", {"good.example", "*.a.example", "a.example"}));
  const std::vector<std::string> lines = lines_of(feed);
  ASSERT_EQ(lines.size(), 1U);
  boost::system::error_code error;
  const boost::json::value line = boost::json::parse(lines[0], error);
  ASSERT_FALSE(error);
  EXPECT_EQ(line.at("serial"), "03ab");
  EXPECT_EQ(line.at("issuer").at("organization"), "Let's Encrypt");
  EXPECT_EQ(line.at("issuer").at("common_name"), "R3");
  EXPECT_EQ(line.at("not_after"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(line.at("precertificate"), false);
  EXPECT_EQ(line.at("names"), (boost::json::array{"*.a.example", "a.example", "good.example"}));
  const boost::json::array& found = line.at("affected").as_array();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].at("name"), "*.a.example");
  EXPECT_EQ(found[0].at("outcome"), "servfail");
  EXPECT_EQ(found[0].at("message"),
            "While processing CAA for *.a.example: DNS problem: SERVFAIL looking up CAA for "
            "example - the domain's nameservers may be malfunctioning");
  EXPECT_EQ(found[0].at("cause"), "servfail");
  EXPECT_EQ(found[0].at("nameserver"), "ns1.example-dns.net");
  EXPECT_EQ(found[0].at("answer"), "SERVFAIL");
  EXPECT_EQ(found[0].at("zone"), "a.example");
  EXPECT_EQ(found[0].at("provider"), "example-dns.net");
  EXPECT_EQ(found[0].at("dig"), "dig +norec +dnssec +bufsize=1232 @192.0.2.1 -q example CAA");
  const Reason& reason = builtin_reasons().reason_of(test::make_finding({.name = "a.example"}));
  EXPECT_EQ(found[0].at("reason"),
            (boost::json::object{
                {"id", "zone-servfail"}, {"likely", reason.likely}, {"fix", reason.fix}}));
  EXPECT_EQ(found[1].at("name"), "a.example");
}

TEST(CertificateFeed, CertificateExpiresAfterNotAfter) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  CertificateFeed feed(affected, kAt);
  feed.add(certificate("01", {"a.example"}, kAt - 1));
  EXPECT_EQ(feed.certificate_count(), 0U);
  feed.add(certificate("02", {"a.example"}, kAt));
  feed.add(certificate("03", {"a.example"}, kAt + 1));
  EXPECT_EQ(feed.certificate_count(), 2U);
  // An expired certificate is no reason to mail, but the name has been issued.
  EXPECT_EQ(feed.hostnames(), std::vector<std::string>{"a.example"});
}

TEST(CertificateFeed, CertificatesWithoutAnAffectedNameAndListsAreLeftOut) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  CertificateFeed feed(affected, kAt);
  feed.add(certificate("01", {"b.example", "*.b.example", "x.a.example"}));
  feed.add(certificate("", {"*.a.example"}));
  EXPECT_EQ(feed.certificate_count(), 0U);
  EXPECT_EQ(feed.hostnames(), std::vector<std::string>{"*.a.example"});
}

TEST(CertificateFeed, HostnamesAreAsIssuedSortedAndUnique) {
  const AffectedNames affected = make_affected({{.name = "a.example"}, {.name = "b.example"}});
  CertificateFeed feed(affected, kAt);
  feed.add(certificate("01", {"b.example", "*.a.example", "b.example"}));
  feed.add(certificate("02", {"a.example", "*.a.example", "*.c.example"}));
  EXPECT_EQ(feed.hostnames(), (std::vector<std::string>{"*.a.example", "a.example", "b.example"}));
}

TEST(CertificateFeed, PrecertificateAndCertificateAreOneInAnyOrder) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  std::vector<CertificateRecord> records = {
      certificate("01", {"a.example"}, kAt, true), certificate("01", {"a.example"}, kAt, false),
      certificate("02", {"a.example"}, kAt, true), certificate("02", {"a.example"}, kAt, true)};
  std::vector<std::string> first;
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    CertificateFeed feed(affected, kAt);
    for (const std::size_t i : order) feed.add(records[i]);
    const std::vector<std::string> lines = lines_of(feed);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].contains("\"precertificate\":false"));
    EXPECT_TRUE(lines[1].contains("\"precertificate\":true"));
    if (first.empty()) first = lines;
    EXPECT_EQ(lines, first);
  } while (std::ranges::next_permutation(order).found);
}

TEST(CertificateFeed, SameSerialOfAnotherIssuerIsAnotherCertificate) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  CertificateFeed feed(affected, kAt);
  CertificateRecord record = certificate("01", {"a.example"});
  feed.add(record);
  record.issuer_common_name = "R4";
  feed.add(record);
  record.issuer_organization = "Other";
  feed.add(record);
  EXPECT_EQ(feed.certificate_count(), 3U);
}

TEST(CertificateFeed, OrderIsByNotAfterThenIssuerThenSerial) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  CertificateFeed feed(affected, kAt);
  feed.add(certificate("02", {"a.example"}, kAt + 1));
  feed.add(certificate("01", {"a.example"}, kAt + 2));
  feed.add(certificate("03", {"a.example"}, kAt + 1));
  CertificateRecord record = certificate("09", {"a.example"}, kAt + 1);
  record.issuer_organization = "Aardvark";
  feed.add(record);
  std::string serials;
  for (const std::string& line : lines_of(feed)) serials += line.substr(11, 2) + ' ';
  EXPECT_EQ(serials, "09 02 03 01 ");
}

TEST(CertificateFeed, HostileIssuerComesOutAsJson) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  CertificateFeed feed(affected, kAt);
  CertificateRecord record = certificate("01", {"a.example"});
  record.issuer_organization = "x\",\"serial\":\"\n\xff";
  feed.add(record);
  const std::vector<std::string> lines = lines_of(feed);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_FALSE(lines[0].contains('\n'));
  boost::system::error_code error;
  const boost::json::value line = boost::json::parse(lines[0], error);
  ASSERT_FALSE(error);
  EXPECT_EQ(line.at("serial"), "01");
  EXPECT_EQ(line.at("issuer").at("organization"), "x\",\"serial\":\"\n\xEF\xBF\xBD");
}

TEST(CertificateFeed, SinkErrorEndsTheWriting) {
  const AffectedNames affected = make_affected({{.name = "a.example"}});
  CertificateFeed feed(affected, kAt);
  feed.add(certificate("01", {"a.example"}));
  feed.add(certificate("02", {"a.example"}));
  int calls = 0;
  const auto done = feed.for_each_line([&](std::string_view) -> std::expected<void, std::string> {
    ++calls;
    return std::unexpected("full");
  });
  EXPECT_EQ(done.error(), "full");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace caascan
