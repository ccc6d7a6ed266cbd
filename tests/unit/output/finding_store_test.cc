#include "scanner/store/finding_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "fixtures.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

using test::full_finding;
using test::TempDir;

TEST(FindingJson, EveryMemberComesBack) {
  const Finding finding = full_finding();
  const std::string line = finding_to_json(finding);
  EXPECT_FALSE(line.contains('\n'));
  const auto read = finding_from_json(line);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, finding);
  EXPECT_EQ(finding_to_json(*read), line);
}

TEST(FindingJson, DefaultsComeBack) {
  Finding finding;
  finding.name = DomainName::from_canonical("a.example");
  const auto read = finding_from_json(finding_to_json(finding));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, finding);
}

TEST(FindingJson, HostileOctetsInEveryTextComeOutAsPrintableAscii) {
  const std::string hostile("\0\r\n\x1b]0;x\a\"\\\xff\xfe\xe2\x80\xae\x7f", 17);
  Finding finding = full_finding();
  finding.name = DomainName::from_canonical(hostile);
  finding.failing_label = finding.alias_target = finding.zone = finding.soa_contact = hostile;
  finding.nameservers = {hostile, hostile};
  Attempt& attempt = finding.attempts[0];
  attempt.server_name = attempt.server_address = attempt.qname = attempt.qtype = hostile;
  attempt.extended_error_text = hostile;
  finding.insecure_at = finding.inferred_from = finding.versions[0].text =
      finding.versions[1].server_address = hostile;
  const std::string line = finding_to_json(finding);
  for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << static_cast<int>(c);
  const auto read = finding_from_json(line);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->zone, "\\000\\013\\010\\027]0;x\\007\"\\\\255\\254\\226\\128\\174\\127");
  EXPECT_EQ(read->attempts[0].qname, read->zone);
  EXPECT_EQ(read->insecure_at, read->zone);
  EXPECT_EQ(read->inferred_from, read->zone);
  EXPECT_EQ(read->versions[0].text, read->zone);
  EXPECT_EQ(read->versions[1].server_address, read->zone);
  // What has been made harmless once stays as it is.
  EXPECT_EQ(finding_to_json(*read), line);
}

TEST(FindingJson, ExtendedErrorOfABogusAnswerStandsBesideItsKind) {
  Finding finding = full_finding();
  for (std::size_t i = 1; i < kBogusKindCount; ++i) {
    finding.bogus = static_cast<BogusKind>(i);
    const std::string line = finding_to_json(finding);
    EXPECT_TRUE(line.contains(
        "\"security\":\"bogus\",\"bogus\":\"" + std::string(word(finding.bogus)) +
        "\",\"extended_error\":" + std::to_string(ede(finding.bogus)) + ",\"intermittent\""))
        << line;
    const auto read = finding_from_json(line);
    ASSERT_TRUE(read.has_value()) << read.error();
    EXPECT_EQ(read->bogus, finding.bogus);
  }
  finding.bogus = BogusKind::kNone;
  EXPECT_FALSE(finding_to_json(finding).contains("\"bogus\":\""));
}

TEST(FindingJson, EverySecurityComesBack) {
  Finding finding = test::make_finding({.name = "a.example"});
  for (std::size_t i = 0; i < kSecurityCount; ++i) {
    finding.security = static_cast<Security>(i);
    const auto read = finding_from_json(finding_to_json(finding));
    ASSERT_TRUE(read.has_value()) << read.error();
    EXPECT_EQ(*read, finding);
  }
}

// Takes each member away, then gives it the wrong type.
TEST(FindingJson, ErrorNamesTheMember) {
  boost::system::error_code error;
  const boost::json::value whole = boost::json::parse(finding_to_json(full_finding()), error);
  ASSERT_FALSE(error);
  for (const auto& member : whole.get_object()) {
    const std::string key(member.key());
    if (key == "extended_error") continue;  // derived, not read
    boost::json::object object = whole.get_object();
    object[key] = boost::json::object{};
    auto read = finding_from_json(boost::json::serialize(object));
    ASSERT_FALSE(read.has_value()) << key;
    EXPECT_TRUE(read.error().starts_with("member \"" + key + "\" is n")) << read.error();
    if (key == "control_result" || key == "control_rcode" || key == "bogus" ||
        key == "carried_from") {
      continue;
    }
    object.erase(key);
    read = finding_from_json(boost::json::serialize(object));
    ASSERT_FALSE(read.has_value()) << key;
    EXPECT_EQ(read.error(), "member \"" + key + "\" is missing");
  }
  for (const auto& member : whole.at("attempts").at(0).as_object()) {
    const std::string key(member.key());
    boost::json::object object = whole.get_object();
    object["attempts"].as_array()[0].as_object()[key] = boost::json::object{};
    const auto read = finding_from_json(boost::json::serialize(object));
    ASSERT_FALSE(read.has_value()) << key;
    EXPECT_TRUE(read.error().starts_with("member \"attempts[0]." + key + "\" is ")) << read.error();
  }
}

struct BadLine {
  std::string_view key;
  boost::json::value value;
  std::string_view error;
};

TEST(FindingJson, ValuesOutOfRangeAreErrors) {
  const BadLine lines[] = {
      {"outcome", "servfial", "member \"outcome\" has the unknown value \"servfial\""},
      {"cause", "", "member \"cause\" has the unknown value \"\""},
      {"control_rcode", 256, "member \"control_rcode\" is out of range"},
      {"control_rcode", -1, "member \"control_rcode\" is out of range"},
      {"control_rcode", 1.5, "member \"control_rcode\" is not a whole number"},
      {"name", "", "member \"name\" is empty"},
      {"nameservers", boost::json::array{1},
       "member \"nameservers\" has an element that is not a string"},
      {"attempts", boost::json::array{1}, "member \"attempts[0]\" is not an object"},
      {"security", "safe", "member \"security\" has the unknown value \"safe\""},
      {"bogus", "wrong", "member \"bogus\" has the unknown value \"wrong\""},
      {"versions", boost::json::array{1}, "member \"versions[0]\" is not an object"},
      {"versions", boost::json::array{boost::json::object{{"text", ""}}},
       "member \"versions[0].server_address\" is missing"},
  };
  boost::system::error_code error;
  const boost::json::value whole = boost::json::parse(finding_to_json(full_finding()), error);
  ASSERT_FALSE(error);
  for (const BadLine& line : lines) {
    boost::json::object object = whole.get_object();
    object[line.key] = line.value;
    const auto read = finding_from_json(boost::json::serialize(object));
    ASSERT_FALSE(read.has_value()) << line.error;
    EXPECT_EQ(read.error(), line.error);
  }
  for (const std::string_view text : {"", "{", "[]", "null", "\xff", "{\"name\":\"a.b\"}x"}) {
    EXPECT_FALSE(finding_from_json(text).has_value()) << text;
  }
}

DegradedZone full_degraded() {
  return {"shop.example", {"ns1.example.net", "ns2.example.net"}, full_finding().attempts};
}

HiddenCaa full_hidden() {
  return {"www.shop.example", "shop.example", {"ns1.example.net"}, full_finding().attempts};
}

TEST(LatentJson, EveryMemberComesBack) {
  const std::string degraded = degraded_zone_to_json(full_degraded());
  const auto zone = degraded_zone_from_json(degraded);
  ASSERT_TRUE(zone.has_value()) << zone.error();
  EXPECT_EQ(*zone, full_degraded());
  const std::string hidden = hidden_caa_to_json(full_hidden());
  const auto read = hidden_caa_from_json(hidden);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, full_hidden());
  for (const std::string& line : {degraded, hidden}) EXPECT_FALSE(line.contains('\n'));
}

TEST(LatentJson, HostileOctetsComeOutAsPrintableAscii) {
  const std::string hostile("\0\r\n\x1b]0;x\a\"\\\xff\xfe\x7f", 14);
  const std::string degraded = degraded_zone_to_json({hostile, {hostile}, {}});
  const std::string hidden = hidden_caa_to_json({hostile, hostile, {hostile}, {}});
  for (const char c : degraded + hidden) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << static_cast<int>(c);
  const auto read = hidden_caa_from_json(hidden);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(hidden_caa_to_json(*read), hidden);
}

// Takes each member away, then gives it the wrong type.
TEST(LatentJson, ErrorNamesTheMember) {
  const auto expect_errors = [](const std::string& text, auto from_json) {
    boost::system::error_code error;
    const boost::json::value whole = boost::json::parse(text, error);
    ASSERT_FALSE(error);
    for (const auto& member : whole.get_object()) {
      const std::string key(member.key());
      boost::json::object object = whole.get_object();
      object[key] = 1;
      auto read = from_json(boost::json::serialize(object));
      ASSERT_FALSE(read.has_value()) << key;
      EXPECT_TRUE(read.error().starts_with("member \"" + key + "\" is not")) << read.error();
      object.erase(key);
      read = from_json(boost::json::serialize(object));
      ASSERT_FALSE(read.has_value()) << key;
      EXPECT_EQ(read.error(), "member \"" + key + "\" is missing");
    }
    EXPECT_FALSE(from_json(std::string_view(text).substr(0, text.size() / 2)).has_value());
  };
  expect_errors(degraded_zone_to_json(full_degraded()),
                [](std::string_view line) { return degraded_zone_from_json(line); });
  expect_errors(hidden_caa_to_json(full_hidden()),
                [](std::string_view line) { return hidden_caa_from_json(line); });
}

TEST(ScanCountsJson, EveryCountComesBack) {
  ScanCounts counts;
  std::uint64_t next = std::uint64_t{1} << 60;
  for (std::uint64_t& names : counts.names_by_outcome) names = next++;
  for (const auto member : {&ScanCounts::names_total,
                            &ScanCounts::names_cleared,
                            &ScanCounts::names_inferred,
                            &ScanCounts::names_put_away,
                            &ScanCounts::names_past_deadline,
                            &ScanCounts::queries_udp,
                            &ScanCounts::queries_tcp,
                            &ScanCounts::queries_repeated,
                            &ScanCounts::replies,
                            &ScanCounts::timeouts,
                            &ScanCounts::timeouts_voided,
                            &ScanCounts::host_buffer_errors,
                            &ScanCounts::host_receive_errors,
                            &ScanCounts::mismatch_id,
                            &ScanCounts::mismatch_address,
                            &ScanCounts::mismatch_question,
                            &ScanCounts::mismatch_case,
                            &ScanCounts::mismatch_not_reply,
                            &ScanCounts::mismatch_short,
                            &ScanCounts::late,
                            &ScanCounts::kernel_drops,
                            &ScanCounts::signatures_checked,
                            &ScanCounts::signatures_checked_ns,
                            &ScanCounts::signatures_reused,
                            &ScanCounts::nsec3_hashes,
                            &ScanCounts::rounds_void}) {
    counts.*member = next++;
  }
  counts.elapsed_s = 12.625;
  counts.first_query_s = 3;  // written without a fraction
  const std::string text = scan_counts_to_json(counts);
  const auto read = scan_counts_from_json(text);
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, counts);
}

TEST(ScanCountsJson, ErrorNamesTheMember) {
  boost::system::error_code error;
  const boost::json::value whole = boost::json::parse(scan_counts_to_json({}), error);
  ASSERT_FALSE(error);
  for (const auto& member : whole.get_object()) {
    boost::json::object object = whole.get_object();
    object.erase(member.key());
    const auto read = scan_counts_from_json(boost::json::serialize(object));
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error(), "member \"" + std::string(member.key()) + "\" is missing");
  }
}

// Every state in which a kill or a full disk can leave the file.
TEST(FindingStore, CutAtAnyOffsetIsAnErrorAfterTheFindingsThatAreThere) {
  const TempDir dir;
  const auto path = dir.path() / "findings.zst";
  constexpr std::size_t kFindings = 300;  // more than one flushed block
  auto writer = FindingWriter::create(path);
  ASSERT_TRUE(writer.has_value());
  Finding finding = test::make_finding({.name = "x.example"});
  for (std::size_t i = 0; i < kFindings; ++i) {
    finding.name = DomainName::from_canonical("name" + std::to_string(i) + ".example");
    ASSERT_TRUE(writer->append(finding).has_value());
  }
  ASSERT_TRUE(writer->close().has_value());
  const std::string whole = test::read_file(path);
  const auto cut = dir.path() / "cut.zst";
  std::size_t most = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    test::write_file(cut, std::string_view(whole).substr(0, size));
    auto reader = FindingReader::open(cut);
    ASSERT_TRUE(reader.has_value());
    std::size_t count = 0;
    std::expected<bool, std::string> more = true;
    while ((more = reader->next(finding)) && *more) {
      ASSERT_EQ(finding.name.text(), "name" + std::to_string(count) + ".example");
      ++count;
    }
    if (size == whole.size()) {
      EXPECT_TRUE(more.has_value()) << more.error();
      EXPECT_EQ(count, kFindings);
      break;
    }
    ASSERT_FALSE(more.has_value()) << size;
    EXPECT_TRUE(more.error().starts_with(cut.string() + ": line ")) << more.error();
    EXPECT_GE(count, most);
    most = std::max(most, count);
  }
  EXPECT_GE(most, std::size_t{kFlushLines});
}

TEST(FindingStore, LineThatIsNoFindingIsNamed) {
  const TempDir dir;
  const auto path = dir.path() / "findings.zst";
  auto writer = FindingWriter::create(path);
  ASSERT_TRUE(writer.has_value());
  ASSERT_TRUE(writer->append(full_finding()).has_value());
  Finding nameless;
  ASSERT_TRUE(writer->append(nameless).has_value());
  ASSERT_TRUE(writer->close().has_value());
  auto reader = FindingReader::open(path);
  ASSERT_TRUE(reader.has_value());
  Finding finding;
  EXPECT_EQ(reader->next(finding), true);
  EXPECT_EQ(reader->next(finding).error(), path.string() + ": line 2: member \"name\" is empty");
}

}  // namespace
}  // namespace caascan

namespace caascan {
namespace {

TEST(DegradedZone, IsOneLineOfJsonWhateverItsNamesHold) {
  DegradedZone zone;
  zone.zone = "example.com";
  zone.nameservers = {"ns1.example.com", "ns\"2\n.example.com"};
  EXPECT_EQ(
      degraded_zone_to_json(zone),
      R"({"zone":"example.com","nameservers":["ns1.example.com","ns\"2\\010.example.com"],"attempts":[]})");
  zone.attempts.resize(2);
  const std::string line = degraded_zone_to_json(zone);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NE(line.find(attempt_to_json(zone.attempts[0]) + "," + attempt_to_json(zone.attempts[1])),
            std::string::npos);
}

}  // namespace
}  // namespace caascan
