#include "output/publish.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "fixtures.h"
#include "ingest/certificate_store.h"
#include "output/durable_file.h"
#include "output/provider.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/zstd_lines.h"

namespace caascan {
namespace {

namespace fs = std::filesystem;
using test::entries;
using test::make_finding;
using test::read_file;
using test::TempDir;

constexpr std::int64_t kAt = 1'700'000'000;

// A work folder as a scan leaves it, and the options to publish it.
class FinishedScan {
 public:
  explicit FinishedScan(std::vector<Finding> findings) {
    fs::create_directory(work());
    auto& by_outcome = options.scan_counts.names_by_outcome;
    by_outcome[static_cast<std::size_t>(Outcome::kEmpty)] = 10;
    auto writer = FindingWriter::create(work() / "findings.ndjson.zst");
    EXPECT_TRUE(writer.has_value());
    for (const Finding& finding : findings) {
      EXPECT_TRUE(writer->append(finding).has_value());
      ++by_outcome[static_cast<std::size_t>(finding.outcome)];
    }
    EXPECT_TRUE(writer->close().has_value());
    options.scan_counts.names_total = 10 + findings.size();
    auto store = CertificateStoreWriter::create(work() / "certificates.zst");
    EXPECT_TRUE(store.has_value());
    for (const Finding& finding : findings) {
      CertificateRecord record;
      record.serial_hex = "03";
      record.issuer_organization = "Let's Encrypt";
      record.issuer_common_name = finding.name.text();
      record.not_after_unix_s = kAt;
      record.names = {finding.name.text(), "*." + finding.name.text(), "good.example"};
      EXPECT_TRUE(store->append(record).has_value());
    }
    EXPECT_TRUE(store->close().has_value());
    options.out_dir = out();
    options.work_dir = work();
    options.provider_table = builtin_provider_table();
    options.provider_table_origin = "built-in";
    options.at_unix_s = kAt;
    options.started_unix_s = kAt;
    options.finished_unix_s = kAt + 60;
    options.version = "1.2.3";
    options.inputs = {"/dumps/a", "-"};
    options.effective_options = {{"server-qps", "50"}, {"issuer", "Let's Encrypt"}};
  }

  [[nodiscard]] fs::path out() const { return dir_.path() / "out"; }
  [[nodiscard]] fs::path work() const { return dir_.path() / "work"; }

  PublishOptions options;

 private:
  TempDir dir_;
};

std::vector<Finding> three_findings() {
  return {make_finding({.name = "b.shop.example",
                        .zone = "shop.example",
                        .nameservers = {"ns1.namebrightdns.com"},
                        .failing_label = "shop.example"}),
          make_finding({.name = "dead.example", .outcome = Outcome::kTimeout}),
          make_finding({.name = "a.example"})};
}

boost::json::value parsed(const std::string& text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  EXPECT_FALSE(error) << text;
  return value;
}

// Every line of SHA256SUMS agrees with the file, and every file but itself has a line.
void expect_whole(const fs::path& set) {
  std::istringstream sums(read_file(set / "SHA256SUMS"));
  std::vector<std::string> listed = {"SHA256SUMS"};
  std::string line;
  while (std::getline(sums, line)) {
    ASSERT_EQ(line.substr(64, 2), "  ");
    const std::string name = line.substr(66);
    const auto digest = digest_file(set / name);
    ASSERT_TRUE(digest.has_value()) << name;
    EXPECT_EQ(line.substr(0, 64), digest->sha256) << name;
    listed.push_back(name);
  }
  std::vector<std::string> present;
  for (const auto& entry : fs::recursive_directory_iterator(set)) {
    if (entry.is_regular_file()) {
      present.push_back(entry.path().lexically_relative(set).string());
    }
  }
  std::ranges::sort(listed);
  std::ranges::sort(present);
  EXPECT_EQ(listed, present);
}

TEST(Publish, WritesTheWholeSet) {
  const FinishedScan run(three_findings());
  const auto result = publish(run.options);
  ASSERT_TRUE(result.has_value()) << result.error();
  const fs::path set = run.out() / "current";
  EXPECT_EQ(result->generation, run.out() / "generations" / "20231114T221420Z");
  EXPECT_EQ(entries(set),
            (std::vector<std::string>{
                "SHA256SUMS", "degraded.ndjson", "exceptions.txt", "feed", "findings.ndjson.zst",
                "hidden-caa.ndjson", "manifest.json", "providers.tsv", "report.html",
                "servfail-list-namebright.txt", "servfail-list-other.txt",
                "servfail-zones-namebright.txt", "servfail-zones-other.txt", "summary.json",
                "timeout-list-namebright.txt", "timeout-list-other.txt"}));
  EXPECT_EQ(entries(set / "feed"),
            (std::vector<std::string>{"certificates.ndjson", "hostnames.txt", "operators.ndjson"}));
  expect_whole(set);
  EXPECT_EQ(read_file(run.out() / "servfail-list-namebright.txt"), "b.shop.example\n");
  EXPECT_EQ(read_file(run.out() / "servfail-list-other.txt"), "a.example\n");
  EXPECT_EQ(read_file(run.out() / "servfail-zones-namebright.txt"), "shop.example\n");
  EXPECT_EQ(read_file(run.out() / "timeout-list-namebright.txt"), "");
  EXPECT_EQ(read_file(run.out() / "timeout-list-other.txt"), "dead.example\n");
  EXPECT_EQ(read_file(run.out() / "exceptions.txt"), "a.example\nb.shop.example\nshop.example\n");
  EXPECT_EQ(read_file(set / "feed" / "hostnames.txt"),
            "*.a.example\n*.b.shop.example\n*.dead.example\na.example\nb.shop.example\n"
            "dead.example\n");
  EXPECT_EQ(std::ranges::count(read_file(set / "feed" / "certificates.ndjson"), '\n'), 3);
  EXPECT_EQ(result->servfail_namebright, 1U);
  EXPECT_EQ(result->servfail_other, 1U);
  EXPECT_EQ(result->timeout_namebright, 0U);
  EXPECT_EQ(result->timeout_other, 1U);
  EXPECT_EQ(result->zones_at_fault, 2U);
  EXPECT_EQ(result->certificates, 3U);
  EXPECT_EQ(result->hostnames, 6U);
  EXPECT_TRUE(result->warnings.empty());
}

TEST(Publish, FindingsAreSortedByNameWhateverTheOrderOfTheScan) {
  std::vector<Finding> findings = three_findings();
  const FinishedScan run(findings);
  std::ranges::reverse(findings);
  const FinishedScan other(findings);
  ASSERT_TRUE(publish(run.options).has_value());
  ASSERT_TRUE(publish(other.options).has_value());
  auto reader = ZstdLineReader::open(run.out() / "current" / "findings.ndjson.zst");
  ASSERT_TRUE(reader.has_value());
  std::string names;
  std::string_view line;
  while (reader->next(line).value_or(false)) {
    const boost::json::value finding = parsed(std::string(line));
    names += finding.at("name").as_string();
    names += ' ';
    EXPECT_TRUE(finding.as_object().contains("dig"));
  }
  EXPECT_EQ(names, "a.example b.shop.example dead.example ");
  for (const std::string file :
       {"findings.ndjson.zst", "providers.tsv", "summary.json", "SHA256SUMS",
        "feed/certificates.ndjson", "feed/operators.ndjson"}) {
    EXPECT_EQ(read_file(run.out() / "current" / file), read_file(other.out() / "current" / file));
  }
}

// Of a name that was not reached, the lists and feeds have what an earlier set said.
TEST(Publish, CarriedFindingsAreListedAndNotCountedAsTonights) {
  FinishedScan run({make_finding({.name = "a.example"})});
  Finding old = make_finding({.name = "old.example", .outcome = Outcome::kTimeout});
  old.carried_from = "20231113T221420Z";
  run.options.carried_findings = run.work() / "carried.ndjson.zst";
  auto writer = FindingWriter::create(run.options.carried_findings);
  ASSERT_TRUE(writer.has_value());
  ASSERT_TRUE(writer->append(old).has_value());
  ASSERT_TRUE(writer->close().has_value());
  EXPECT_EQ(publish(run.options).error(),
            "1 names are carried from an earlier set, but only 0 were not reached");
  EXPECT_FALSE(fs::exists(run.out() / "current"));

  run.options.scan_counts.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)] = 1;
  ++run.options.scan_counts.names_total;
  const auto result = publish(run.options);
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->names_carried, 1U);
  EXPECT_EQ(read_file(run.out() / "servfail-list-other.txt"), "a.example\n");
  EXPECT_EQ(read_file(run.out() / "timeout-list-other.txt"), "old.example\n");
  const boost::json::value summary = parsed(read_file(run.out() / "current" / "summary.json"));
  EXPECT_EQ(summary.at("names_carried"), 1);
  EXPECT_EQ(summary.at("names_by_outcome").at("timeout"), 0);
  EXPECT_EQ(summary.at("names_by_outcome").at("not-reached"), 1);
  EXPECT_EQ(summary.at("lists").at("timeout-list-other.txt"), 1);
  EXPECT_EQ(parsed(read_file(run.out() / "current" / "manifest.json")).at("names_carried"), 1);
  auto findings = FindingReader::open(run.out() / "current" / "findings.ndjson.zst");
  ASSERT_TRUE(findings.has_value());
  Finding finding;
  ASSERT_TRUE(findings->next(finding).value_or(false));
  EXPECT_EQ(finding.carried_from, "");
  ASSERT_TRUE(findings->next(finding).value_or(false));
  EXPECT_EQ(finding, old);
}

TEST(Publish, SummaryBalances) {
  std::vector<Finding> findings = three_findings();
  findings[2].security = Security::kBogus;
  FinishedScan run(findings);
  run.options.scan_counts.signatures_checked = 70;
  run.options.scan_counts.rounds_void = 2;
  run.options.ingest_counts.rejects[static_cast<std::size_t>(NameReject::kIpAddress)] = 4;
  run.options.ingest_counts.damage = {{"/dumps/a", 17, true, "zstd frame is cut"}};
  run.options.ingest_counts.damage_count = 1;
  run.options.incomplete = true;
  ASSERT_TRUE(publish(run.options).has_value());
  const boost::json::value summary = parsed(read_file(run.out() / "current" / "summary.json"));
  std::int64_t sum = 0;
  for (const auto& outcome : summary.at("names_by_outcome").as_object()) {
    sum += outcome.value().as_int64();
  }
  EXPECT_EQ(summary.at("names_total"), sum);
  EXPECT_EQ(sum, 13);
  EXPECT_EQ(summary.at("starts"), 1);
  EXPECT_EQ(summary.at("journal_damage"), 0);
  EXPECT_EQ(summary.at("schema_version"), 1);
  EXPECT_EQ(summary.at("version"), "1.2.3");
  EXPECT_EQ(summary.at("started"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(summary.at("finished"), "2023-11-14T22:14:20Z");
  EXPECT_EQ(summary.at("at"), "2023-11-14T22:13:20Z");
  EXPECT_EQ(summary.at("incomplete"), true);
  EXPECT_EQ(summary.at("lists").at("exceptions.txt"), 3);
  EXPECT_EQ(summary.at("lists").as_object().size(), 7U);
  EXPECT_EQ(summary.at("feed").at("certificates"), 3);
  EXPECT_EQ(summary.at("feed").at("hostnames"), 6);
  EXPECT_EQ(summary.at("feed").at("operators"), 2);
  EXPECT_EQ(summary.at("names_by_reason"),
            (boost::json::object{{"zone-servfail", 2}, {"nameservers-silent", 1}}));
  EXPECT_EQ(summary.at("names_by_class"), (boost::json::object{{"blocks-le", 3},
                                                               {"br-discretion", 0},
                                                               {"br-forbidden", 1},
                                                               {"transient", 3},
                                                               {"inherited", 0}}));
  EXPECT_EQ(summary.at("names_by_security").at("bogus"), 1);
  EXPECT_EQ(summary.at("names_by_security").at("not-checked"), 2);
  EXPECT_EQ(summary.at("names_by_security").as_object().size(), kSecurityCount);
  EXPECT_EQ(summary.at("names_by_bogus").as_object().size(), kBogusKindCount - 1);
  EXPECT_EQ(summary.at("latent"),
            (boost::json::object{{"degraded.ndjson", 0}, {"hidden-caa.ndjson", 0}}));
  EXPECT_EQ(summary.at("scan").at("signatures_checked"), 70);
  EXPECT_EQ(summary.at("scan").at("rounds_void"), 2);
  EXPECT_EQ(summary.at("providers").at(0).at("share"), 0.5);
  EXPECT_EQ(summary.at("ingest").at("rejects").at("ip-address"), 4);
  EXPECT_EQ(summary.at("ingest").at("rejects").as_object().size(), kNameRejectCount);
  EXPECT_EQ(summary.at("ingest").at("damage").at(0).at("offset_bytes"), 17);
  EXPECT_EQ(summary.at("scan").at("queries_udp"), 0);
}

TEST(Publish, ManifestSaysWhereTheSetComesFrom) {
  FinishedScan run(three_findings());
  run.options.ingest_counts.damage = {{"/dumps/\xff", 17, false, "cut"}};
  run.options.ingest_counts.damage_count = 1;
  ASSERT_TRUE(publish(run.options).has_value());
  const fs::path set = run.out() / "current";
  const boost::json::value manifest = parsed(read_file(set / "manifest.json"));
  EXPECT_EQ(manifest.at("inputs"), (boost::json::array{"/dumps/a", "-"}));
  EXPECT_EQ(manifest.at("options").at(1).at("name"), "issuer");
  EXPECT_EQ(manifest.at("options").at(1).at("value"), "Let's Encrypt");
  EXPECT_EQ(manifest.at("provider_table"), "built-in");
  EXPECT_EQ(manifest.at("damage").at(0).at("path"), "/dumps/\xEF\xBF\xBD");
  EXPECT_EQ(manifest.at("damage_count"), 1);
  const boost::json::array& files = manifest.at("files").as_array();
  EXPECT_EQ(files.size(), 16U);
  for (const boost::json::value& file : files) {
    const auto digest = digest_file(set / std::string(file.at("name").as_string()));
    ASSERT_TRUE(digest.has_value());
    EXPECT_EQ(file.at("sha256").as_string(), digest->sha256);
    EXPECT_EQ(file.at("size_bytes").to_number<std::uint64_t>(), digest->size_bytes);
  }
}

TEST(Publish, TroubleThatHasStoppedNobodyIsPublished) {
  const FinishedScan run(three_findings());
  Attempt refused = test::answer("b.example", 5);
  test::write_file(run.work() / "degraded.ndjson",
                   degraded_zone_to_json({"b.example", {"ns1.namebrightdns.com"}, {refused}}) +
                       '\n' + degraded_zone_to_json({"a.example", {}, {}}) + '\n');
  test::write_file(run.work() / "hidden-caa.ndjson",
                   hidden_caa_to_json({"www.c.example", "c.example", {}, {}}) + '\n');
  ASSERT_TRUE(publish(run.options).has_value());
  const fs::path set = run.out() / "current";
  expect_whole(set);
  std::istringstream degraded(read_file(set / "degraded.ndjson"));
  std::string line;
  ASSERT_TRUE(std::getline(degraded, line));
  EXPECT_EQ(parsed(line).at("zone"), "a.example");
  ASSERT_TRUE(std::getline(degraded, line));
  EXPECT_EQ(parsed(line).at("zone"), "b.example");
  EXPECT_EQ(parsed(line).at("provider"), "namebright");
  EXPECT_EQ(parsed(read_file(set / "hidden-caa.ndjson")).at("name"), "www.c.example");
  const boost::json::value summary = parsed(read_file(set / "summary.json"));
  EXPECT_EQ(summary.at("latent"),
            (boost::json::object{{"degraded.ndjson", 2}, {"hidden-caa.ndjson", 1}}));
  EXPECT_TRUE(read_file(set / "report.html").contains("<li>2 zones of which some servers fail"));
}

TEST(Publish, RunWithoutAffectedNamesPublishesEmptyLists) {
  const FinishedScan run({});
  const auto result = publish(run.options);
  ASSERT_TRUE(result.has_value()) << result.error();
  for (const std::string file :
       {"servfail-list-namebright.txt", "servfail-list-other.txt", "servfail-zones-namebright.txt",
        "servfail-zones-other.txt", "timeout-list-namebright.txt", "timeout-list-other.txt",
        "exceptions.txt", "current/feed/hostnames.txt", "current/feed/certificates.ndjson",
        "current/feed/operators.ndjson", "current/degraded.ndjson", "current/hidden-caa.ndjson"}) {
    EXPECT_EQ(read_file(run.out() / file), "") << file;
  }
  expect_whole(run.out() / "current");
}

// Changes something so that the second publish must fail, and what it must say.
struct Failure {
  std::string name;
  void (*spoil)(FinishedScan&);
  std::string error;
};

void PrintTo(const Failure& failure, std::ostream* out) {
  *out << failure.name;
}

class PublishFailure : public testing::TestWithParam<Failure> {};

TEST_P(PublishFailure, LeavesTheOldSet) {
  FinishedScan run(three_findings());
  ASSERT_TRUE(publish(run.options).has_value());
  const fs::path old = fs::read_symlink(run.out() / "current");
  run.options.finished_unix_s += 60;
  GetParam().spoil(run);
  const auto result = publish(run.options);
  ASSERT_FALSE(result.has_value());
  EXPECT_TRUE(result.error().contains(GetParam().error)) << result.error();
  EXPECT_EQ(fs::read_symlink(run.out() / "current"), old);
  EXPECT_EQ(entries(run.out() / "generations").size(), 1U);
  expect_whole(run.out() / "current");
}

void cut(const fs::path& path) {
  fs::resize_file(path, fs::file_size(path) / 2);
}

INSTANTIATE_TEST_SUITE_P(
    Causes, PublishFailure,
    testing::Values(
        Failure{"FindingsAreCut",
                [](FinishedScan& run) { cut(run.work() / "findings.ndjson.zst"); },
                "findings.ndjson.zst: line "},
        Failure{"FindingsAreMissing",
                [](FinishedScan& run) { fs::remove(run.work() / "findings.ndjson.zst"); },
                "findings.ndjson.zst: No such file or directory"},
        Failure{"CertificatesAreCut",
                [](FinishedScan& run) { cut(run.work() / "certificates.zst"); },
                "certificates.zst"},
        Failure{"CertificatesAreMissing",
                [](FinishedScan& run) { fs::remove(run.work() / "certificates.zst"); },
                "certificates.zst"},
        Failure{"DegradedZonesAreCut",
                [](FinishedScan& run) {
                  test::write_file(run.work() / "degraded.ndjson", "{\"zone\":\"a.exam");
                },
                "degraded.ndjson: line 1: not JSON"},
        Failure{"HiddenCaaIsNoneOfOurs",
                [](FinishedScan& run) {
                  test::write_file(run.work() / "hidden-caa.ndjson", "{\"zone\":\"a.example\"}\n");
                },
                "hidden-caa.ndjson: line 1: member \"name\" is missing"},
        Failure{"FindingsAreFewerThanCounted",
                [](FinishedScan& run) {
                  ++run.options.scan_counts.names_total;
                  ++run.options.scan_counts
                        .names_by_outcome[static_cast<std::size_t>(Outcome::kServfail)];
                },
                "the scan counted 3 servfail names, but findings.ndjson.zst holds 2"},
        Failure{"CountsDoNotBalance",
                [](FinishedScan& run) { ++run.options.scan_counts.names_total; },
                "the scan's counts do not balance: 14 names, 13 outcomes"},
        Failure{"ProviderTableIsWrong",
                [](FinishedScan& run) {
                  run.options.provider_table = "x\n";
                  run.options.provider_table_origin = "p.tsv";
                },
                "p.tsv: line 1: not SUFFIX<TAB>PROVIDER"},
        Failure{"FileIsInTheWayOfALink",
                [](FinishedScan& run) {
                  fs::remove(run.out() / "exceptions.txt");
                  test::write_file(run.out() / "exceptions.txt", "mine");
                },
                "exceptions.txt is in the way"},
        Failure{"SwitchFails",
                [](FinishedScan& run) { fs::create_directory(run.out() / ".current-new"); },
                ".current-new: File exists"}),
    [](const auto& failure) { return failure.param.name; });

// Every write is the one that fails, in turn: the limit on the size of a file stands for a full
// disk, which works for root too.
TEST(Publish, WriteThatFailsAnywhereLeavesTheOldSet) {
  std::vector<Finding> findings = three_findings();
  for (int i = 0; i < 30; ++i) {
    findings.push_back(make_finding({.name = "n" + std::to_string(i) + ".example"}));
  }
  FinishedScan run(findings);
  ASSERT_TRUE(publish(run.options).has_value());
  const fs::path old = fs::read_symlink(run.out() / "current");
  run.options.finished_unix_s += 60;
  struct rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  int failed = 0;
  bool published = false;
  for (rlim_t limit = 0; !published && limit < 100'000; limit += 97) {
    const struct rlimit small = {limit, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto result = publish(run.options);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    published = result.has_value();
    if (published) break;
    ++failed;
    ASSERT_TRUE(result.error().starts_with("cannot write")) << result.error();
    ASSERT_TRUE(result.error().ends_with(": File too large")) << result.error();
    ASSERT_EQ(fs::read_symlink(run.out() / "current"), old);
    ASSERT_EQ(entries(run.out() / "generations").size(), 1U);
  }
  ::signal(SIGXFSZ, handler);
  EXPECT_TRUE(published);
  EXPECT_GT(failed, 10);
  expect_whole(run.out() / "current");
}

}  // namespace
}  // namespace caascan
