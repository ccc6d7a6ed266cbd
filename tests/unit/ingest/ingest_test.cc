#include "ingest/ingest.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/compress.h"
#include "tests/support/log_builder.h"
#include "tests/unit/ingest/ingest_run.h"

namespace caascan {
namespace {

using std::string_literals::operator""s;
using test::IngestRun;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

std::string list_of(int names) {
  std::string list;
  for (int index = 0; index < names; ++index) {
    list += "n" + std::to_string(index * 7919 % names) + ".example\n";
  }
  return list;
}

TEST(ExpiredCertificates, AreThoseThatEndBeforeTheMoment) {
  const test::TemporaryFolder folder;
  const test::CertificateAuthority authority("ca", "Org", "CA 1");
  std::vector<test::LogSubmission> submissions;
  for (const std::int64_t end : {999'999'999, 1'000'000'000, 1'000'000'001}) {
    submissions.push_back(
        test::precert_entry(authority, {.not_before_unix_s = 900'000'000,
                                        .not_after_unix_s = end,
                                        .dns_names = {"n" + std::to_string(end) + ".example"}}));
  }
  IngestOptions options;
  options.at_unix_s = 1'000'000'000;
  options.ct_paths = {folder.write("tile", test::data_tile(submissions)),
                      folder.write("list", "list.example\n")};
  IngestRun run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("list.example", "n1000000000.example", "n1000000001.example"));
  EXPECT_EQ(run.counts.certificates_expired, 1U);
  EXPECT_EQ(run.counts.certificates_taken, 2U);
  EXPECT_EQ(run.records.size(), 3U);
  options.include_expired = true;
  run = test::run_ingest(folder, options);
  EXPECT_EQ(run.names.size(), 4U);
  EXPECT_EQ(run.counts.certificates_expired, 0U);
}

TEST(UnreadableEnd, MakesACertificateBrokenUnlessExpiredOnesAreTaken) {
  const test::TemporaryFolder folder;
  const test::CertificateAuthority authority("ca", "Org", "CA 1");
  test::LogSubmission submission = test::final_entry(authority, {.dns_names = {"a.example"}});
  const std::size_t end =
      submission.certificate.find("\x17\x0d", submission.certificate.find("\x17\x0d") + 1);
  ASSERT_NE(end, std::string::npos);
  submission.certificate[end + 2] = '?';
  IngestOptions options;
  options.ct_paths = {folder.write("tile", test::data_tile({submission}))};
  IngestRun run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, IsEmpty());
  EXPECT_EQ(run.counts.certificates_broken, 1U);
  options.include_expired = true;
  run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("a.example"));
  EXPECT_EQ(run.counts.certificates_broken, 0U);
}

TEST(IssuerFilter, ComparesTheWholeOrganization) {
  const test::TemporaryFolder folder;
  std::vector<test::LogSubmission> submissions;
  for (const std::string organization : {"Let's Encrypt", "(STAGING) Let's Encrypt", "Other", ""}) {
    const test::CertificateAuthority authority(organization, organization, "CA");
    const std::string name = "n" + std::to_string(submissions.size()) + ".example";
    submissions.push_back(submissions.size() % 2 == 0
                              ? test::precert_entry(authority, {.dns_names = {name}})
                              : test::final_entry(authority, {.dns_names = {name}}));
  }
  IngestOptions options;
  options.include_expired = true;
  options.ct_paths = {folder.write("tile", test::data_tile(submissions)),
                      folder.write("list", "list.example\n")};
  options.issuers = {"Let's Encrypt"};
  IngestRun run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("list.example", "n0.example"));
  EXPECT_EQ(run.counts.certificates_other_issuer, 3U);
  options.issuers = {"Let's Encrypt", "Other"};
  run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("list.example", "n0.example", "n2.example"));
  options.issuers = {};
  EXPECT_EQ(test::run_ingest(folder, options).names.size(), 5U);
}

TEST(CertificateNames, AreTheSansAndOtherwiseTheCommonName) {
  const test::TemporaryFolder folder;
  const test::CertificateAuthority authority("ca", "Org", "CA 1");
  const std::vector<test::LogSubmission> submissions = {
      test::final_entry(authority,
                        {.serial_hex = "01",
                         .subject_common_name = "ignored.example",
                         .dns_names = {"*.A.example", "a.example", "b..example", "A.EXAMPLE."}}),
      test::final_entry(authority, {.serial_hex = "02", .subject_common_name = "*.cn.example"}),
      test::final_entry(authority, {.serial_hex = "03", .subject_common_name = "Some Device 12"}),
      test::final_entry(authority, {.serial_hex = "04",
                                    .subject_common_name = "cn2.example",
                                    .uri_names = {"https://uri.example"}})};
  IngestOptions options;
  options.include_expired = true;
  options.ct_paths = {folder.write("tile", test::data_tile(submissions))};
  const IngestRun run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("a.example", "cn.example", "cn2.example"));
  EXPECT_EQ(run.counts.names_seen, 6U);
  EXPECT_EQ(run.counts.certificates_taken, 4U);
  EXPECT_EQ(run.counts.rejects[static_cast<std::size_t>(NameReject::kEmptyLabel)], 1U);
  ASSERT_EQ(run.records.size(), 3U) << "a certificate without a name is not stored";
  EXPECT_THAT(run.records[0].names, ElementsAre("*.a.example", "a.example"));
  EXPECT_THAT(run.records[1].names, ElementsAre("*.cn.example"));
}

TEST(Rejects, AreListedEscapedWithReasonAndFile) {
  const test::TemporaryFolder folder;
  const test::CertificateAuthority authority("ca", "Org", "CA 1");
  IngestOptions options;
  options.include_expired = true;
  options.ct_paths = {
      folder.write("tile", test::data_tile({test::final_entry(
                               authority, {.dns_names = {"a\0\t\x1b.example"s, "localhost"}})}))};
  const IngestRun run = test::run_ingest(folder, options);
  EXPECT_EQ(run.rejects, "bad-character\ta\\000\\009\\027.example\t" + options.ct_paths[0] +
                             "\nsingle-label\tlocalhost\t" + options.ct_paths[0] + "\n");
}

TEST(UniqueNames, AreTheSameWithLittleMemory) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.ct_paths = {folder.write("one", list_of(30'000)), folder.write("two", list_of(40'000))};
  const IngestRun roomy = test::run_ingest(folder, options);
  options.memory_bytes = 1;
  const IngestRun narrow = test::run_ingest(folder, options);
  EXPECT_EQ(roomy.names.size(), 40'000U);
  EXPECT_EQ(std::ranges::adjacent_find(roomy.names), roomy.names.end());
  EXPECT_TRUE(narrow.names == roomy.names);
  EXPECT_EQ(narrow.counts.names_unique, 40'000U);
  for (const auto& entry : std::filesystem::directory_iterator(folder / "work")) {
    EXPECT_NE(entry.path().extension(), ".run");
  }
}

TEST(SpilledNames, OfAKilledProcessAreRemoved) {
  const test::TemporaryFolder folder;
  folder.write("work/names-7.run", "left");
  folder.write("work/names.txt", "kept");
  IngestOptions options;
  options.ct_paths = {folder.write("list", "a.example\n")};
  EXPECT_THAT(test::run_ingest(folder, options).names, ElementsAre("a.example"));
  EXPECT_FALSE(std::filesystem::exists(folder / "work/names-7.run"));
  EXPECT_TRUE(std::filesystem::exists(folder / "work/names.txt"));
}

TEST(NamesFile, IsSortedAndTheSameWithLittleMemory) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {
      folder.write("list", "b.example\n" + list_of(20'000) + "a-b.example\na.example\n")};
  const auto roomy = ingest_to_file(options, folder / "roomy");
  options.memory_bytes = 1;
  const auto narrow = ingest_to_file(options, folder / "narrow");
  ASSERT_TRUE(roomy.has_value() && narrow.has_value());
  EXPECT_EQ(roomy->names_unique, 20'003U);
  EXPECT_EQ(narrow->names_unique, 20'003U);
  const std::string text = test::read_file(folder / "roomy");
  EXPECT_TRUE(text == test::read_file(folder / "narrow"));
  EXPECT_TRUE(text.starts_with("a-b.example\na.example\nb.example\nn0.example\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 20'003);
}

TEST(NamesFile, IsReplacedWholeOrNotAtAll) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {folder.write("list", "a.example\n")};
  const std::filesystem::path names = folder.write("names", "old\n");
  options.work_dir = folder / "missing";
  EXPECT_FALSE(ingest_to_file(options, names).has_value());
  EXPECT_EQ(test::read_file(names), "old\n");
  options.work_dir = folder.path();
  EXPECT_TRUE(ingest_to_file(options, names).has_value());
  EXPECT_EQ(test::read_file(names), "a.example\n");
  const auto failed = ingest_to_file(options, folder / "missing/names");
  ASSERT_FALSE(failed.has_value());
  EXPECT_TRUE(failed.error().ends_with(": cannot be created: No such file or directory"));
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left.push_back(entry.path().filename());
  }
  EXPECT_THAT(left,
              testing::UnorderedElementsAre("list", "names", "certificates.zst", "rejects.tsv"));
}

TEST(NamesFile, MayBeADevice) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {folder.write("list", "a.example\n")};
  EXPECT_TRUE(ingest_to_file(options, "/dev/null").has_value());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const auto full = ingest_to_file(options, "/dev/full");
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error(), "/dev/full: cannot be written: No space left on device");
}

TEST(NamesFile, IsWrittenForDamagedInputToo) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  const std::string whole = test::zstd("a.example\nb.example\n");
  options.ct_paths = {folder.write("list", whole.substr(0, whole.size() - 1))};
  const auto counts = ingest_to_file(options, folder / "names");
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(counts->damage_count, 1U);
  EXPECT_EQ(test::read_file(folder / "names"), "a.example\nb.example\n");
}

TEST(Batches, StartSmallAndStayBounded) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {folder.write("list", list_of(5'000))};
  std::vector<std::size_t> sizes;
  const auto counts = ingest(options, [&](std::vector<DomainName>&& batch) {
    sizes.push_back(batch.size());
    return true;
  });
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(sizes.front(), 64U);
  EXPECT_EQ(sizes.at(1), 1024U);
  EXPECT_LE(*std::ranges::max_element(sizes), 1024U);
}

TEST(Batches, EndWithTheirFile) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {folder.write("a", "a.example\n"), folder.write("b", "b.example\n")};
  std::vector<std::size_t> sizes;
  ASSERT_TRUE(ingest(options, [&](std::vector<DomainName>&& batch) {
                sizes.push_back(batch.size());
                return true;
              }).has_value());
  EXPECT_THAT(sizes, ElementsAre(1U, 1U));
}

TEST(Sink, ThatHasEnoughEndsTheReading) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {folder.write("a", list_of(5'000)), folder.write("b", "b.example\n")};
  int calls = 0;
  const auto counts = ingest(options, [&](std::vector<DomainName>&&) {
    ++calls;
    return false;
  });
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(counts->files, 1U);
}

TEST(Progress, CountsAsReadingGoesOn) {
  const test::TemporaryFolder folder;
  IngestOptions options;
  options.work_dir = folder.path();
  options.ct_paths = {folder.write("a", list_of(100)), folder.write("b", "x.example\n")};
  IngestProgress progress;
  std::uint64_t unique_seen = 0;
  const auto counts = ingest(
      options,
      [&](std::vector<DomainName>&&) {
        unique_seen = progress.names_unique;
        return true;
      },
      &progress);
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(progress.bytes_read, counts->bytes_read);
  EXPECT_EQ(progress.bytes_total, counts->bytes_read);
  EXPECT_EQ(unique_seen, 101U);
}

// Puts a file in the place of standard input while it lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& path) : saved_(::dup(STDIN_FILENO)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    ::dup2(file, STDIN_FILENO);
    ::close(file);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

TEST(StandardInputPath, IsADash) {
  const test::TemporaryFolder folder;
  const StandardInput input(folder.write("list", test::gzip("a.example\n") + "?"));
  IngestOptions options;
  options.ct_paths = {"-"};
  const IngestRun run = test::run_ingest(folder, options);
  EXPECT_THAT(run.names, ElementsAre("a.example"));
  EXPECT_EQ(run.damage.size(), 1U);
  EXPECT_TRUE(run.damage.at(0).starts_with("standard input: byte 3"));
}

}  // namespace
}  // namespace caascan
