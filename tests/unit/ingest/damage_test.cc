// Everything that can be wrong with an input: its message, and what is read all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/support/compress.h"
#include "tests/support/der_builder.h"
#include "tests/support/log_builder.h"
#include "tests/unit/ingest/ingest_run.h"

namespace caascan {
namespace {

using std::string_literals::operator""s;
using test::IngestRun;
using test::run_on_bytes;
using testing::ElementsAre;
using testing::IsEmpty;

test::LogSubmission entry_for(const std::string& name) {
  static const test::CertificateAuthority authority("ca", "Org", "CA 1");
  return test::final_entry(authority, {.dns_names = {name}});
}
std::string entry(const std::string& name) {
  return test::entry_json(entry_for(name));
}
std::string response(const std::string& name) {
  return test::get_entries_json({entry_for(name)});
}

struct DamageCase {
  std::string bytes;
  std::string message;             // without "input: "
  std::vector<std::string> names;  // read all the same
};
void PrintTo(const DamageCase& test, std::ostream* out) {
  *out << test.message;
}
class DamagedInput : public testing::TestWithParam<DamageCase> {};

TEST_P(DamagedInput, IsReportedAndTheRestIsRead) {
  const IngestRun run = run_on_bytes(GetParam().bytes);
  EXPECT_THAT(run.damage, ElementsAre("input: " + GetParam().message));
  EXPECT_EQ(run.names, GetParam().names);
  EXPECT_EQ(run.counts.damage_count, 1U);
}

std::string at(std::size_t offset, const std::string& what) {
  return "byte " + std::to_string(offset) + ": " + what;
}

INSTANTIATE_TEST_SUITE_P(
    NotAFormat, DamagedInput,
    testing::Values(
        DamageCase{"", "byte 0: empty file", {}},
        DamageCase{"<!DOCTYPE html><p>", "byte 0: not a CT format: HTML", {}},
        DamageCase{"\n\n <HTML lang=en>", "byte 0: not a CT format: HTML", {}},
        DamageCase{"<?xml version=\"1.0\"?>", "byte 0: not a CT format: XML", {}},
        DamageCase{"\x7f"
                   "ELF\x02\x01\x01\0\0\0\0"s,
                   "byte 0: not a CT format: binary data",
                   {}},
        DamageCase{std::string(64, '\x01'), "byte 0: not a CT format: binary data", {}},
        DamageCase{"\xff\xfe"
                   "a\0.\0b\0"s,
                   "byte 0: not a CT format: binary data",
                   {}},
        DamageCase{"\xfd\x37\x7a\x58\x5a\0"s, "byte 0: xz-compressed data, not read yet", {}},
        DamageCase{"BZh91AY&SY", "byte 0: bzip2-compressed data, not read yet", {}},
        DamageCase{"PK\x03\x04", "byte 0: a zip archive, not read yet", {}},
        DamageCase{"PAR1", "byte 0: a Parquet file, not read yet", {}},
        DamageCase{"Obj\x01", "byte 0: an Avro file, not read yet", {}},
        DamageCase{"PGDMP", "byte 0: a PostgreSQL dump, not read yet", {}},
        DamageCase{"-----BEGIN CERTIFICATE-----\n", "byte 0: PEM certificates, not read yet", {}},
        DamageCase{"subject=a\n-----BEGIN CERTIFICATE-----\n",
                   "byte 0: PEM certificates, not read yet",
                   {}},
        DamageCase{"ct.example/log,12," + std::string(64, 'a') + ",MII,a.example,0.0,1.0\n",
                   "byte 0: Axeman CSV, not read yet",
                   {}},
        DamageCase{"1,example.com\r\n", "byte 0: a ranked list in CSV, not read yet", {}},
        DamageCase{"GlobalRank,TldRank,Domain\n", "byte 0: a ranked list in CSV, not read yet", {}},
        DamageCase{"$ORIGIN example.\n", "byte 0: a zone file, not read yet", {}},
        DamageCase{
            entry_for("a.example").certificate, "byte 0: a DER certificate, not read yet", {}},
        DamageCase{R"({"message_type":"heartbeat","timestamp":1})",
                   "byte 0: certstream messages, not read yet",
                   {}},
        DamageCase{"{\"data\":[\"a.example\"]}\n{\"data\":[\"b.example\"]}\n",
                   "byte 0: certstream messages, not read yet",
                   {}},
        DamageCase{R"([{"issuer_ca_id":1,"name_value":"a.example"}])",
                   "byte 1: crt.sh JSON, not read yet",
                   {}},
        DamageCase{R"({"hostname":"a.example","results":[]})",
                   "byte 0: a DNS dump in JSON, not read yet",
                   {}},
        DamageCase{R"({"raw":"MII","parsed":{}})",
                   "byte 0: Censys certificates in JSON, not read yet",
                   {}},
        DamageCase{R"({"error_message":"need \u001b[2J","success":false})",
                   R"(byte 0: the log's error message instead of entries: "need \027[2J")",
                   {}},
        DamageCase{R"({"certificates":[]})",
                   "byte 0: JSON object is neither a get-entries response nor a log entry",
                   {}}));

INSTANTIATE_TEST_SUITE_P(
    Json, DamagedInput,
    testing::Values(
        DamageCase{response("a.example") + "\n" + R"({"entries":[{"leaf_input":"AAAA)",
                   at(response("a.example").size() + 1 + 31, "JSON document is cut"),
                   {"a.example"}},
        DamageCase{R"({"entries":[)" + entry("a.example") + ",",
                   at(13 + entry("a.example").size(), "JSON document is cut"),
                   {"a.example"}},
        DamageCase{R"({"entries":[)" + entry("a.example") + "]",
                   at(13 + entry("a.example").size(), "JSON document is cut"),
                   {"a.example"}},
        DamageCase{"[" + entry("a.example") + "\n",
                   at(2 + entry("a.example").size(), "JSON document is cut"),
                   {"a.example"}},
        DamageCase{"{\"entries\":[{\"leaf_input\":\"AAAA\n" + response("b.example"),
                   at(31, "JSON syntax error"),
                   {"b.example"}},
        DamageCase{R"({"entries":[)" + entry("a.example") + "\n" + response("b.example"),
                   at(13 + entry("a.example").size(), "JSON syntax error"),
                   {"a.example", "b.example"}},
        DamageCase{R"({"entries":[)" + entry("a.example") + ",\n" + response("b.example") + "\n" +
                       response("c.example"),
                   at(14 + entry("a.example").size(), "JSON syntax error"),
                   {"a.example", "b.example", "c.example"}},
        DamageCase{"{\"leaf_input\":\n  " + entry("b.example"),
                   at(17 + entry("b.example").size(), "JSON document is cut"),
                   {}},
        DamageCase{response("a.example") + "\n<html>\ngarbage\n" + response("b.example"),
                   at(response("a.example").size() + 1, "JSON syntax error"),
                   {"a.example", "b.example"}},
        DamageCase{"{]\n" + entry("b.example"), at(1, "JSON syntax error"), {"b.example"}},
        DamageCase{"{\"a\":" + std::string(70, '[') + "\n" + entry("b.example"),
                   at(69, "JSON syntax error"),
                   {"b.example"}},
        DamageCase{R"({"entries":[1]})"
                   "\n" +
                       response("b.example"),
                   at(12, "JSON syntax error"),
                   {"b.example"}},
        DamageCase{R"({"leaf_input":truth})"
                   "\n" +
                       entry("b.example"),
                   at(0, "JSON syntax error"),
                   {"b.example"}},
        DamageCase{"{\"leaf_input\":\"\xff\"}\n" + entry("b.example"),
                   at(0, "JSON syntax error"),
                   {"b.example"}},
        DamageCase{R"({"entries":[{"leaf_input":"%%%%"},)" + entry("b.example") + "]}",
                   at(12, "leaf_input is not base64"),
                   {"b.example"}},
        DamageCase{R"({"entries":[{"leaf_input":"AAAA"},)" + entry("b.example") + "]}",
                   at(12, "leaf_input is cut"),
                   {"b.example"}},
        DamageCase{R"({"entries":[{"extra_data":"AAAA"},)" + entry("b.example") + "]}",
                   at(12, "log entry without leaf_input"),
                   {"b.example"}},
        DamageCase{entry("b.example") + "\n" + R"({"error_message":"slow down"})",
                   at(entry("b.example").size() + 1,
                      "the log's error message instead of entries: \"slow down\""),
                   {"b.example"}}));

std::string tile(const std::string& name) {
  return test::data_tile({entry_for(name)});
}

std::string tile_of_type(char type) {
  std::string bytes = tile("b.example");
  bytes[9] = type;
  return bytes;
}

std::string tile_with_odd_fingerprints() {
  std::string bytes = tile("b.example");
  bytes[bytes.size() - 33] = 31;
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Tile, DamagedInput,
    testing::Values(
        DamageCase{tile("a.example") + tile("b.example").substr(0, 100),
                   at(tile("a.example").size(), "data tile is cut inside an entry"),
                   {"a.example"}},
        DamageCase{tile("a.example").substr(0, 60), at(0, "data tile is cut inside an entry"), {}},
        DamageCase{tile("a.example") + tile_of_type(2) + tile("c.example"),
                   at(tile("a.example").size(),
                      "data tile has an entry of unknown type; the rest cannot be framed"),
                   {"a.example"}},
        DamageCase{tile("a.example") + tile_with_odd_fingerprints() + tile("c.example"),
                   at(tile("a.example").size(), "data tile is corrupt; the rest cannot be framed"),
                   {"a.example"}}));

std::string flipped(std::string bytes, std::size_t from_end) {
  bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 0x55);
  return bytes;
}

const std::string kList = "a.example\nb.example\n";
// One gzip member or zstd frame that ends in the middle of a name.
std::string cut(const std::string& bytes, std::size_t octets) {
  return bytes.substr(0, bytes.size() - octets);
}

INSTANTIATE_TEST_SUITE_P(
    Compressed, DamagedInput,
    testing::Values(
        DamageCase{test::gzip(kList) + cut(test::gzip("c.example\nd.exa"), 1),
                   at(test::gzip(kList).size() + test::gzip("c.example\nd.exa").size() - 1,
                      "gzip data is cut"),
                   {"a.example", "b.example", "c.example"}},
        DamageCase{test::gzip(kList) + flipped(test::gzip(kList), 5),
                   at(2 * test::gzip(kList).size() - 4, "gzip checksum is wrong"),
                   {"a.example", "b.example"}},
        DamageCase{test::gzip(kList) + "trailer",
                   at(test::gzip(kList).size(), "gzip data is followed by something else"),
                   {"a.example", "b.example"}},
        DamageCase{test::gzip(kList).substr(0, 5), at(5, "gzip data is cut"), {}},
        DamageCase{test::zstd(kList) + cut(test::zstd("c.example\nd.exa"), 1),
                   at(test::zstd(kList).size() + test::zstd("c.example\nd.exa").size() - 1,
                      "zstd frame is cut"),
                   {"a.example", "b.example", "c.example"}},
        DamageCase{test::zstd(kList) + flipped(test::zstd("c.example\n"), 1),
                   at(test::zstd(kList).size(), "zstd checksum is wrong"),
                   {"a.example", "b.example"}},
        DamageCase{test::zstd(kList) + "trailer",
                   at(test::zstd(kList).size(), "zstd data is followed by something else"),
                   {"a.example", "b.example"}},
        DamageCase{test::zstd(kList).substr(0, 5), at(5, "zstd frame is cut"), {}},
        DamageCase{test::zstd(kList, 28), at(0, "zstd window is larger than 128 MiB"), {}},
        DamageCase{test::zstd(cut(test::gzip(kList), 8)),
                   "byte " + std::to_string(test::gzip(kList).size() - 8) +
                       " of the uncompressed data: gzip data is cut",
                   {"a.example", "b.example"}},
        DamageCase{test::zstd(R"({"entries":[)"),
                   "byte 12 of the uncompressed data: JSON document is cut",
                   {}},
        DamageCase{test::gzip(test::gzip(test::gzip(test::gzip(kList)))),
                   "byte 0 of the uncompressed data: more than 3 layers of compression",
                   {}},
        DamageCase{test::gzip(""), "byte 0 of the uncompressed data: empty file", {}}));

TEST(ZstdWindow, Of128MiBIsAccepted) {
  const IngestRun run = run_on_bytes(test::zstd(kList, 27));
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_THAT(run.names, ElementsAre("a.example", "b.example"));
}

TEST(CutStream, NeverGivesHalfAName) {
  // Every cut of a compressed list: each name read is whole.
  const std::string list = "first.example\nsecond.example\nthird.example\n";
  for (const std::string& whole : {test::gzip(list), test::zstd(list)}) {
    for (std::size_t size = 4; size < whole.size(); ++size) {
      const IngestRun run = run_on_bytes(whole.substr(0, size));
      EXPECT_EQ(run.counts.damage_count, 1U) << size;
      for (const std::string& name : run.names) {
        EXPECT_TRUE(name == "first.example" || name == "second.example" || name == "third.example")
            << name;
      }
    }
  }
}

TEST(BrokenCertificate, IsCountedAndIsNoDamage) {
  std::vector<test::LogSubmission> submissions = {entry_for("a.example"), entry_for("b.example"),
                                                  entry_for("c.example")};
  submissions[1].certificate = test::der(0x30, "not a certificate");
  for (const std::string& bytes :
       {test::get_entries_json(submissions), test::data_tile(submissions)}) {
    const IngestRun run = run_on_bytes(bytes);
    EXPECT_THAT(run.damage, IsEmpty());
    EXPECT_EQ(run.counts.certificates_broken, 1U);
    EXPECT_EQ(run.counts.entries, 3U);
    EXPECT_THAT(run.names, ElementsAre("a.example", "c.example"));
  }
}

TEST(BrokenCertificate, MayBeTheFirstOfATile) {
  std::vector<test::LogSubmission> submissions = {entry_for("a.example"), entry_for("b.example")};
  submissions[0].certificate = "?";
  const IngestRun run = run_on_bytes(test::data_tile(submissions));
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_THAT(run.names, ElementsAre("b.example"));
}

TEST(UnknownEntry, OfAResponseIsCountedAndIsNoDamage) {
  test::LogSubmission unknown = entry_for("a.example");
  unknown.entry_type = 0x8000;
  const IngestRun run = run_on_bytes(test::get_entries_json({unknown, entry_for("b.example")}));
  EXPECT_THAT(run.damage, IsEmpty());
  EXPECT_EQ(run.counts.entries_unknown_type, 1U);
  EXPECT_THAT(run.names, ElementsAre("b.example"));
}

TEST(DamageList, IsBoundedAndTheRestIsCounted) {
  std::string lines;
  for (std::size_t line = 0; line < kDamageListedMax + 1; ++line)
    lines += "{\"leaf_input\":\"?\"}\n";
  const IngestRun run = run_on_bytes(lines);
  EXPECT_EQ(run.counts.damage_count, kDamageListedMax + 1);
  EXPECT_EQ(run.counts.damage.size(), kDamageListedMax);
}

TEST(DamageMessage, EscapesThePath) {
  EXPECT_EQ((Damage{"a\nb", 7, false, "what"}).message(), "a\\010b: byte 7: what");
}

TEST(UnreadableEntry, IsDamageAndTheRestOfTheFolderIsRead) {
  const test::TemporaryFolder folder;
  folder.write("dump/a", "a.example\n");
  folder.write("dump/z", "z.example\n");
  std::filesystem::create_symlink("nowhere", folder / "dump/link");
  ASSERT_EQ(::mkfifo((folder / "dump/pipe").c_str(), 0600), 0);
  IngestOptions options;
  options.ct_paths = {(folder / "dump").string()};
  const IngestRun run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("a.example", "z.example"));
  EXPECT_THAT(run.damage,
              ElementsAre("dump/link: byte 0: cannot be opened: No such file or directory",
                          "dump/pipe: byte 0: not a regular file"));
}

TEST(MissingPath, IsAnErrorBeforeAnythingIsRead) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.ct_paths = {folder.write("input", "a.example\n"), (folder / "missing").string()};
  const IngestRun run = test::run_ingest(folder, options);
  EXPECT_EQ(run.error, "missing: no such file or directory");
  EXPECT_THAT(run.names, IsEmpty());
  options.ct_paths = {folder.write("input", "a.example\n") + "/below"};
  EXPECT_EQ(test::run_ingest(folder, options).error, "input/below: no such file or directory");
}

TEST(WorkFolder, ThatCannotBeWrittenIsAnError) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.ct_paths = {folder.write("input", "a.example\n")};
  options.work_dir = folder / "missing";
  const auto counts = ingest(options, [](std::vector<DomainName>&&) { return true; });
  ASSERT_FALSE(counts.has_value());
  EXPECT_EQ(counts.error(), (folder / "missing/certificates.zst").string() +
                                ": cannot be created: No such file or directory");
}

}  // namespace
}  // namespace caascan
