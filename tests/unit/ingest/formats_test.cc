// Each format in each of its shapes gives the same names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/compress.h"
#include "tests/support/log_builder.h"
#include "tests/unit/ingest/ingest_run.h"

namespace caascan {
namespace {

using test::IngestRun;
using test::run_on_bytes;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<test::LogSubmission> submissions() {
  const test::CertificateAuthority authority("ca", "Org", "CA 1");
  return {test::final_entry(authority, {.serial_hex = "1001", .dns_names = {"a.example"}}),
          test::precert_entry(authority, {.serial_hex = "1002", .dns_names = {"*.b.example"}}),
          test::final_entry(authority, {.serial_hex = "1003", .subject_common_name = "c.example"})};
}

std::string json() {
  return test::get_entries_json(submissions());
}

std::string response(std::size_t index) {
  return test::get_entries_json({submissions().at(index)});
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

void expect_all_three(const IngestRun& run) {
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_EQ(run.counts.entries, 3U);
  EXPECT_EQ(run.counts.certificates_taken, 3U);
  EXPECT_EQ(run.counts.files, 1U);
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example", "c.example"));
  ASSERT_EQ(run.records.size(), 3U);
  EXPECT_EQ(run.records[0].serial_hex, "1001");
  EXPECT_FALSE(run.records[0].precertificate);
  EXPECT_EQ(run.records[1].serial_hex, "1002");
  EXPECT_TRUE(run.records[1].precertificate);
  EXPECT_THAT(run.records[1].names, ElementsAre("*.b.example"));
  EXPECT_EQ(run.records[2].issuer_organization, "Org");
  EXPECT_EQ(run.records[2].issuer_common_name, "CA 1");
  EXPECT_EQ(run.records[2].not_after_unix_s, test::CertificateSpec().not_after_unix_s);
}

struct FormatCase {
  const char* name;
  std::string bytes;
};
void PrintTo(const FormatCase& test, std::ostream* out) {
  *out << test.name;
}
class Format : public testing::TestWithParam<FormatCase> {};

TEST_P(Format, GivesEveryEntry) {
  expect_all_three(run_on_bytes(GetParam().bytes));
}

std::string elements(std::string_view separator) {
  std::string out;
  for (const test::LogSubmission& submission : submissions()) {
    if (!out.empty()) out += separator;
    out += test::entry_json(submission);
  }
  return out;
}

std::string pretty() {
  std::string text = replaced(json(), "{", "{\r\n\t");
  text = replaced(text, "}", "\n }\n");
  text = replaced(text, ":", " : ");
  text = replaced(text, ",", " ,\n");
  return "\n  " + replaced(text, "[", "[ \n") + "\n\n";
}

std::string unpadded_url_safe() {
  std::string text = replaced(json(), "=", "");
  text = replaced(text, "+", "-");
  return replaced(text, "/", "_");
}

INSTANTIATE_TEST_SUITE_P(
    Json, Format,
    testing::Values(
        FormatCase{"document", json()}, FormatCase{"document with LF", json() + "\n"},
        FormatCase{"byte order mark", "\xef\xbb\xbf" + json()},
        FormatCase{"pretty-printed", pretty()},
        FormatCase{"responses, one a line",
                   response(0) + "\n" + response(1) + "\n" + response(2) + "\n"},
        FormatCase{"responses without separator", response(0) + response(1) + response(2)},
        FormatCase{"array of responses",
                   "[" + response(0) + "," + response(1) + "," + response(2) + "]"},
        FormatCase{"entries, one a line", elements("\n")},
        FormatCase{"entries with CRLF and blank lines", elements("\r\n\r\n") + "\r\n"},
        FormatCase{"array of entries", "[" + elements(",") + "]"},
        FormatCase{"array of entries over lines", "[\n" + elements(",\n") + "\n]\n"},
        FormatCase{"index before leaf_input", replaced(elements("\n"), "{", R"({"index":7,)")},
        FormatCase{"proof behind extra_data",
                   replaced(elements("\n"), "}", R"(,"audit_path":["AA=="]})")},
        FormatCase{"keys around entries",
                   R"({"start":0,"x":{"entries":[1,{}]},"y":"}]","entries":[)" + elements(",") +
                       R"(],"entries":[{"leaf_input":"?"}],"n":[[-1.5e+3,null,true]]})"},
        FormatCase{
            "extra_data before leaf_input",
            replaced(json(), R"({"leaf_input")", R"({"extra_data":"}{][\\\"","leaf_input")")},
        FormatCase{"the first of two equal keys", replaced(elements("\n"), R"(,"extra_data")",
                                                           R"(,"leaf_input":"AAAA","extra_data")")},
        FormatCase{"escaped slashes", replaced(json(), "/", "\\/")},
        FormatCase{"escaped padding", replaced(json(), "=", "\\u003d")},
        FormatCase{"escaped key", replaced(json(), "leaf_input", "leaf\\u005finput")},
        FormatCase{"URL-safe, unpadded", unpadded_url_safe()},
        FormatCase{"empty responses between",
                   "{\"entries\":[]}\n{\"entries\":null}" + json() + "{\"entries\":[]}"}));

INSTANTIATE_TEST_SUITE_P(Tile, Format,
                         testing::Values(FormatCase{"data tile", test::data_tile(submissions())},
                                         FormatCase{"data tiles one after the other",
                                                    test::data_tile({submissions()[0]}) +
                                                        test::data_tile({submissions()[1],
                                                                         submissions()[2]})}));

INSTANTIATE_TEST_SUITE_P(
    Compressed, Format,
    testing::Values(
        FormatCase{"gzip", test::gzip(json())}, FormatCase{"zstd", test::zstd(json())},
        FormatCase{"gzip tile", test::gzip(test::data_tile(submissions()))},
        FormatCase{"several members", test::gzip(response(0)) + test::gzip(response(1)) +
                                          test::gzip("") + test::gzip(response(2))},
        FormatCase{"several frames", test::zstd(response(0)) + test::zstd("") +
                                         test::zstd(response(1) + response(2))},
        FormatCase{"skippable frame first",
                   std::string("\x53\x2a\x4d\x18\x03\x00\x00\x00xyz", 11) + test::zstd(json())},
        FormatCase{"gzip in zstd", test::zstd(test::gzip(json()))},
        FormatCase{"three layers", test::gzip(test::zstd(test::gzip(json())))},
        FormatCase{"member padded with zeros", test::gzip(json()) + std::string(700, '\0')}));

TEST(NameList, IsOneNameALine) {
  const IngestRun run = run_on_bytes(
      "# comment\n\nB.example\r\n  *.a.example.\t\n   # "
      "another\nm\xc3\xbcnchen.example\n\r\nb.example");
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example", "xn--mnchen-3ya.example"));
  EXPECT_EQ(run.counts.list_lines, 4U);
  EXPECT_EQ(run.counts.names_seen, 4U);
  EXPECT_EQ(run.counts.names_unique, 3U);
  ASSERT_EQ(run.records.size(), 1U);
  CertificateRecord expected;
  expected.names = {"b.example", "*.a.example", "xn--mnchen-3ya.example"};
  EXPECT_EQ(run.records[0], expected);
}

TEST(NameList, ALineThatIsNoNameIsAReject) {
  const IngestRun run = run_on_bytes("a.example\nnot a name\n\x1b[2J\n192.0.2.1\n");
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_THAT(run.names, ElementsAre("a.example"));
  EXPECT_EQ(run.counts.rejects[static_cast<std::size_t>(NameReject::kBadCharacter)], 2U);
  EXPECT_EQ(run.counts.rejects[static_cast<std::size_t>(NameReject::kIpAddress)], 1U);
}

TEST(NameList, LongLinesCostOnlyThemselves) {
  const IngestRun run =
      run_on_bytes("a.example\n" + std::string(3'000'000, 'x') + ".example\nb.example\n");
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example"));
  EXPECT_EQ(run.counts.rejects[static_cast<std::size_t>(NameReject::kLabelTooLong)], 1U);
  EXPECT_LT(run.rejects.size(), 1'200U);
}

TEST(NameList, IsStoredInRecordsOfAtMost256Names) {
  std::string list;
  for (int index = 0; index < 600; ++index) list += "n" + std::to_string(index) + ".example\n";
  const IngestRun run = run_on_bytes(list);
  EXPECT_EQ(run.names.size(), 600U);
  ASSERT_EQ(run.records.size(), 3U);
  EXPECT_EQ(run.records[0].names.size(), 256U);
  EXPECT_EQ(run.records[2].names.size(), 88U);
}

TEST(JsonObject, LargerThanItsShareOfMemoryIsDamageAndTheRestIsRead) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.memory_bytes = 1;  // the least share is 1 MiB
  options.include_expired = true;
  const std::string large = R"({"extra_data":"\")" + std::string(1'500'000, 'A') + R"(\\"})";
  options.ct_paths = {
      folder.write("inside", R"({"entries":[)" + large + "," + elements(",") + "]}"),
      folder.write("top", large + "\n" + elements("\n"))};
  const IngestRun run = test::run_ingest(folder, options);
  EXPECT_EQ(run.counts.entries, 6U);
  EXPECT_THAT(run.damage, ElementsAre("inside: byte 12: JSON object is larger than 1048576 bytes",
                                      "top: byte 0: JSON object is larger than 1048576 bytes"));
}

TEST(LargeDocument, IsReadInPieces) {
  // 20 MB of JSON through a window of 256 KiB and the largest entry.
  const test::LogSubmission submission = submissions()[0];
  std::string entry = test::entry_json(submission);
  entry.insert(entry.size() - 2, std::string(200'000, 'A'));
  std::string document = R"({"entries":[)";
  for (int index = 0; index < 100; ++index) document += (index == 0 ? "" : ",") + entry;
  const IngestRun run = run_on_bytes(document + "]}");
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_EQ(run.counts.entries, 100U);
  EXPECT_THAT(run.names, ElementsAre("a.example"));
}

TEST(LargeTileLeaf, MayCrossEveryWindow) {
  test::LogSubmission submission = submissions()[1];
  submission.precertificate = std::string(1'000'000, 'p');
  const IngestRun run =
      run_on_bytes(test::gzip(test::data_tile({submission, submission, submissions()[0]})));
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_EQ(run.counts.entries, 3U);
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example"));
}

}  // namespace
}  // namespace caascan
