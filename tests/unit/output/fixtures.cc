#include "fixtures.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace caascan::test {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "output_test-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  ASSERT_TRUE(out.flush().good()) << path;
}

std::vector<std::string> entries(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    out.push_back(entry.path().filename().string());
  }
  std::ranges::sort(out);
  return out;
}

Attempt answer(std::string qname, std::uint8_t rcode) {
  Attempt out;
  out.server_name = "ns1.example-dns.net";
  out.server_address = "192.0.2.1";
  out.edns_size = 1232;
  out.dnssec_ok = true;
  out.qname = std::move(qname);
  out.qtype = "CAA";
  out.result = AttemptResult::kAnswer;
  out.rcode = rcode;
  out.rtt_us = 12'300;
  return out;
}

Finding make_finding(FindingSpec spec) {
  Finding out;
  out.name = DomainName::from_canonical(spec.name);
  out.outcome = spec.outcome;
  out.cause = spec.outcome == Outcome::kTimeout ? Cause::kTimeout : Cause::kServfail;
  out.failing_label = spec.failing_label.empty() ? spec.name : spec.failing_label;
  out.zone = spec.zone.empty() ? spec.name : spec.zone;
  out.nameservers =
      spec.nameservers.empty() ? std::vector<std::string>{"ns1.example-dns.net"} : spec.nameservers;
  out.attempts = {answer(out.failing_label, 2)};
  if (spec.outcome == Outcome::kTimeout) out.attempts[0].result = AttemptResult::kTimeout;
  return out;
}

Finding full_finding() {
  Finding out;
  out.name = DomainName::from_canonical("www.shop.example");
  out.outcome = Outcome::kServfail;
  out.cause = Cause::kBogus;
  out.failing_label = "shop.example";
  out.alias_target = "target\\032x.example.net";
  out.zone = "example.net";
  out.inherited = true;
  out.security = Security::kBogus;
  out.bogus = BogusKind::kNoDenialProof;
  out.intermittent = out.version_dependent = true;
  out.insecure_at = "net";
  out.nameservers = {"ns1.example-dns.net", "ns2.example-dns.net"};
  out.soa_contact = "host\\.master.example.net";
  out.control_result = AttemptResult::kAnswer;
  out.control_rcode = 3;
  out.observed_unix_ms = {1'732'467'600'123, 1'732'467'660'456};
  out.carried_from = "20241124T170000Z";
  Attempt first = answer("sHoP.eXample", 2);
  first.server_port = 5353;
  first.tcp = true;
  first.aa = first.tc = first.ra = first.ad = true;
  first.section_counts = {1, 65'535, 3};
  first.extended_error = 6;
  first.extended_error_text = "no \"proof\" at all";
  first.rtt_us = 4'294'967'295;
  first.sent_unix_ms = 1'732'467'600'000;
  first.round = 255;
  Attempt second;
  second.server_address = "2001:db8::1";
  second.qname = ".";
  second.qtype = "SOA";
  second.result = AttemptResult::kTcpFailed;
  second.sent_unix_ms = -1;
  out.attempts = {first, second};
  out.versions = {{"192.0.2.1", "PowerDNS \"4.0.3\" \\ (built by nobody)"}, {"2001:db8::1", ""}};
  return out;
}

}  // namespace caascan::test
