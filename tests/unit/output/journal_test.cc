#include "scanner/store/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "fixtures.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/numbered_names.h"

namespace caascan {
namespace {

using test::full_finding;
using test::make_finding;
using test::TempDir;
using State = NameStates::State;

// A start syncs its file, which takes long: so many offsets are without one.
constexpr std::size_t kResumedEach = 37;

JournalHeader header() {
  return {.started_unix_s = 1'800'000'000,
          .at_unix_s = -5,
          .fingerprint = {{"version", "1.2.3"}, {"inputs", "two\nlines"}, {"exclude", ""}}};
}

FailedName failed_name(NameNumber number) {
  FailedName out;
  out.number = number;
  out.name = DomainName::from_canonical("n" + std::to_string(number) + ".example");
  out.round = 2;
  out.round_void = true;
  out.rounds_void = 1;
  out.due_unix_ms = 1'800'000'030'123;
  out.cause = Cause::kBogus;
  out.label = std::string("\1a\0", 3);
  out.zone = std::string("\3\0\xff.\0", 5);
  out.alias_target = out.insecure_at = std::string(1, '\0');
  out.inferred_from = std::string("\1i\0", 3);
  out.first_nameserver = std::string("\3ns1\7example\0", 13);
  out.nameservers = {"ns1.example", "ns2.example"};
  out.security = Security::kIndeterminate;
  out.bogus = BogusKind::kTooManyChecks;
  out.nsec = out.version_dependent = true;
  out.observed_unix_ms = {1'800'000'000'000, -1};
  out.attempts = full_finding().attempts;
  return out;
}

DegradedZone degraded_zone(std::string name) {
  return {std::move(name), {"ns.example"}, full_finding().attempts};
}
HiddenCaa hidden_caa(std::string name) {
  return {std::move(name), "example", {"ns.example"}, full_finding().attempts};
}

void add_finding(JournalBatch& batch, NameNumber number, const std::string& name) {
  batch.findings.push_back({number, std::make_unique<Finding>(make_finding({.name = name}))});
}

JournalBatch mark(NameNumber names) {
  JournalBatch batch;
  batch.marks.push_back({names, names * 7});
  return batch;
}

// A new file: one that is cut and filled again would be synced by some file systems.
void put_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::remove(path);
  test::write_file(path, text);
}

// Writes `batches` at one start, each of its own kind of result.
void write_start(JournalWriter writer, std::vector<JournalBatch> batches) {
  for (JournalBatch& batch : batches) EXPECT_TRUE(writer.submit(std::move(batch)));
  const auto closed = writer.close();
  EXPECT_TRUE(closed) << closed.error();
}

// Three starts, so that the file has a few blocks.
void write_three_starts(const std::filesystem::path& path) {
  {
    std::vector<JournalBatch> batches;
    batches.push_back(mark(100));
    JournalBatch results;
    results.ended = {{3, Outcome::kFound}, {1, Outcome::kEmpty}, {99, Outcome::kNotReached}};
    add_finding(results, 2, "two.example");
    results.failed.push_back(failed_name(4));
    results.failed.push_back(failed_name(5));
    results.degraded.push_back(degraded_zone("slow.example"));
    results.counts = ScanCounts{.queries_udp = 10, .elapsed_s = 1.5, .first_query_s = 0.25};
    batches.push_back(std::move(results));
    write_start(JournalWriter::create(path, header(), 11).value(), std::move(batches));
  }
  for (int start = 1; start <= 2; ++start) {
    const auto contents = read_journal(path);
    ASSERT_TRUE(contents) << contents.error();
    std::vector<JournalBatch> batches;
    if (start == 1) batches.push_back(mark(120));
    JournalBatch results;
    if (start == 1) {
      results.failed.push_back(failed_name(110));
      results.ended = {{4, Outcome::kExcluded}, {0, Outcome::kEmpty}};
      results.alive.push_back({"ns1.example", std::string("\1b\0", 3)});
    } else {
      add_finding(results, 110, "late.example");
      results.hidden_caa.push_back(hidden_caa("hidden.example"));
    }
    results.counts =
        ScanCounts{.queries_udp = 5, .queries_tcp = 1, .elapsed_s = 1, .first_query_s = 9};
    batches.push_back(std::move(results));
    write_start(JournalWriter::resume(path, *contents, 11 + start).value(), std::move(batches));
  }
}

// What tells a longer journal from a shorter one.
std::set<NameNumber> done(const JournalContents& contents) {
  std::set<NameNumber> out;
  for (NameNumber number = 0; number < contents.states.end(); ++number)
    if (contents.states.at(number) != State::kOpen) out.insert(number);
  return out;
}

TEST(Journal, WhatWasSubmittedComesBackOverAllStarts) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  write_three_starts(path);
  EXPECT_EQ(read_journal_header(path), header());
  const auto contents = read_journal(path);
  ASSERT_TRUE(contents) << contents.error();
  EXPECT_EQ(contents->header, header());
  EXPECT_EQ(contents->starts, 3u);
  EXPECT_EQ(contents->end, JournalEnd::kWhole);
  EXPECT_EQ(contents->octets_good, std::filesystem::file_size(path));
  EXPECT_EQ(contents->octets_dropped, 0u);
  EXPECT_EQ(contents->damage_count, 0u);
  EXPECT_EQ(contents->marks, (std::vector<NamesMark>{{100, 700}, {120, 840}}));
  const std::vector<std::pair<NameNumber, State>> states = {
      {0, State::kEmpty},  {1, State::kEmpty},  {2, State::kDone},       {3, State::kFound},
      {4, State::kDone},   {5, State::kDone},   {99, State::kOpen},      {98, State::kOpen},
      {110, State::kDone}, {111, State::kOpen}, {1u << 30, State::kOpen}};
  for (const auto& [number, state] : states)
    EXPECT_EQ(contents->states.at(number), state) << number;
  // Of what has failed, only what has not ended; whole.
  EXPECT_EQ(contents->failed, std::vector<FailedName>{failed_name(5)});
  EXPECT_EQ(contents->alive, (std::vector<AliveName>{{"ns1.example", std::string("\1b\0", 3)}}));
  EXPECT_EQ(contents->counts.names_total, 6u);
  EXPECT_EQ(contents->counts.names_by_outcome[static_cast<std::size_t>(Outcome::kEmpty)], 2u);
  EXPECT_EQ(contents->counts.names_by_outcome[static_cast<std::size_t>(Outcome::kServfail)], 2u);
  EXPECT_EQ(contents->counts.names_by_outcome[static_cast<std::size_t>(Outcome::kNotReached)], 0u);
  EXPECT_EQ(contents->counts.queries_udp, 20u);
  EXPECT_EQ(contents->counts.queries_tcp, 2u);
  EXPECT_EQ(contents->counts.elapsed_s, 3.5);
  EXPECT_EQ(contents->counts.first_query_s, 0.25);
}

TEST(Journal, FindingsAndTroubleAreExtractedInTheirOrder) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  write_three_starts(path);
  const auto extracted = extract_journal(path, folder.path());
  ASSERT_TRUE(extracted) << extracted.error();
  EXPECT_EQ(extracted->findings, 2u);
  auto reader = FindingReader::open(folder.path() / "findings.ndjson.zst").value();
  Finding finding;
  for (const char* name : {"two.example", "late.example"}) {
    ASSERT_EQ(reader.next(finding), true);
    EXPECT_EQ(finding, make_finding({.name = name}));
  }
  EXPECT_EQ(reader.next(finding), false);
  EXPECT_EQ(test::read_file(folder.path() / "degraded.ndjson"),
            degraded_zone_to_json(degraded_zone("slow.example")) + "\n");
  EXPECT_EQ(test::read_file(folder.path() / "hidden-caa.ndjson"),
            hidden_caa_to_json(hidden_caa("hidden.example")) + "\n");
}

TEST(Journal, CutAnywhereKeepsWhatIsBeforeAndGoesOn) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  write_three_starts(path);
  const std::string whole = test::read_file(path);
  const std::set<NameNumber> all = done(read_journal(path).value());
  std::set<NameNumber> before;
  std::size_t borders = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put_file(path, whole.substr(0, size));
    const auto contents = read_journal(path);
    if (!contents) {
      EXPECT_TRUE(before.empty()) << size;  // the header is not there
      EXPECT_FALSE(read_journal_header(path)) << size;
      continue;
    }
    EXPECT_EQ(contents->header, header());
    if (contents->end == JournalEnd::kWhole) {
      ++borders;
      EXPECT_EQ(contents->octets_good, size);
    } else {
      EXPECT_EQ(contents->end, JournalEnd::kCut) << size;
      EXPECT_EQ(contents->octets_good + contents->octets_dropped, size);
      EXPECT_EQ(
          contents->end_message,
          path.string() + ": byte " + std::to_string(contents->octets_good) + ": the block is cut");
      EXPECT_FALSE(extract_journal(path, folder.path()));
    }
    EXPECT_EQ(contents->damage_count, 0u);
    // More octets never tell less, and nothing that is not in the whole.
    const std::set<NameNumber> now = done(*contents);
    EXPECT_TRUE(std::ranges::includes(now, before)) << size;
    EXPECT_TRUE(std::ranges::includes(all, now)) << size;
    before = now;
    if (size % kResumedEach != 0) continue;
    write_start(JournalWriter::resume(path, *contents, 20).value(), {});
    const auto again = read_journal(path);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->end, JournalEnd::kWhole);
    EXPECT_EQ(done(*again), now);
    EXPECT_EQ(again->starts, contents->starts + 1);
    EXPECT_EQ(again->damage_count, 0u);
  }
  EXPECT_GE(borders, 5u);
}

TEST(Journal, AFlippedOctetIsFoundAndNothingBehindItIsBelieved) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  write_three_starts(path);
  const std::string whole = test::read_file(path);
  const JournalContents all = read_journal(path).value();
  std::size_t headers_lost = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned char flip : {0x01, 0x80, 0xFF}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ flip);
      put_file(path, changed);
      const auto contents = read_journal(path);
      if (!contents) {
        ++headers_lost;
        continue;
      }
      ASSERT_EQ(contents->end, JournalEnd::kDamaged) << at;
      EXPECT_LE(contents->octets_good, at);
      EXPECT_EQ(contents->octets_good + contents->octets_dropped, whole.size());
      EXPECT_EQ(contents->damage_count, 1u);
      EXPECT_TRUE(contents->end_message.starts_with(path.string() + ": byte " +
                                                    std::to_string(contents->octets_good) + ": "))
          << contents->end_message;
      const std::set<NameNumber> kept = done(*contents);
      EXPECT_TRUE(std::ranges::includes(done(all), kept));
      if (at % kResumedEach != 0 || flip != 0x80) continue;
      write_start(JournalWriter::resume(path, *contents, 20).value(), {});
      const auto again = read_journal(path);
      ASSERT_TRUE(again) << again.error();
      EXPECT_EQ(again->end, JournalEnd::kWhole);
      EXPECT_EQ(done(*again), kept);
      // It stays told.
      EXPECT_EQ(again->damage_count, 1u);
    }
  }
  EXPECT_GT(headers_lost, 0u);
  EXPECT_LT(headers_lost, whole.size());
}

TEST(Journal, ZerosBehindTheEndAreAFileThatHadGrownAndWasNotFilled) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  write_three_starts(path);
  const std::string whole = test::read_file(path);
  for (const std::size_t zeros : {1u, 15u, 16u, 17u, 200'000u}) {
    put_file(path, whole + std::string(zeros, '\0'));
    const auto contents = read_journal(path);
    ASSERT_TRUE(contents) << contents.error();
    EXPECT_EQ(contents->end, JournalEnd::kCut) << zeros;
    EXPECT_EQ(contents->octets_good, whole.size());
    EXPECT_EQ(contents->octets_dropped, zeros);
  }
  put_file(path, whole + std::string(100, '\0') + "x");
  EXPECT_EQ(read_journal(path).value().end, JournalEnd::kDamaged);
}

TEST(Journal, ABlockThatWasMovedIsNotBelieved) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  write_three_starts(path);
  const std::string whole = test::read_file(path);
  const std::uint64_t good = read_journal(path).value().octets_good;
  put_file(path, whole + whole.substr(whole.size() / 2));
  EXPECT_LE(read_journal(path).value().octets_good, good);
  EXPECT_EQ(read_journal(path).value().end, JournalEnd::kDamaged);
}

TEST(Journal, ANameWithTwoVerdictsOrWithoutAMarkIsAContradiction) {
  const std::vector<std::vector<EndedName>> cases = {
      {{1, Outcome::kFound}, {1, Outcome::kFound}},
      {{1, Outcome::kFound}, {1, Outcome::kNotReached}},
      {{10, Outcome::kEmpty}},
      {{std::uint64_t{1} << 40, Outcome::kEmpty}}};
  for (const std::vector<EndedName>& ended : cases) {
    const TempDir folder;
    const auto path = folder.path() / "journal";
    std::vector<JournalBatch> batches;
    batches.push_back(mark(10));
    batches.emplace_back().ended = ended;
    write_start(JournalWriter::create(path, header(), 1).value(), std::move(batches));
    const auto contents = read_journal(path);
    ASSERT_FALSE(contents);
    EXPECT_NE(contents.error().find("contradict"), std::string::npos) << contents.error();
  }
}

TEST(Journal, NumbersOfAnySizeAndOrderComeBack) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  std::vector<JournalBatch> batches;
  batches.push_back(mark(1'000'000));
  JournalBatch results;
  std::set<NameNumber> expected;
  for (NameNumber i = 0; i < 200'000; ++i) {
    const NameNumber number = i * 7919 % 1'000'000;
    results.ended.push_back({number, Outcome::kExcluded});
    expected.insert(number);
  }
  batches.push_back(std::move(results));
  // More than a block holds.
  for (int i = 0; i < 3000; ++i) {
    JournalBatch more;
    more.degraded.push_back(degraded_zone("z" + std::to_string(i)));
    batches.push_back(std::move(more));
  }
  write_start(JournalWriter::create(path, header(), 1).value(), std::move(batches));
  const auto contents = read_journal(path);
  ASSERT_TRUE(contents) << contents.error();
  EXPECT_EQ(done(*contents), expected);
  EXPECT_EQ(extract_journal(path, folder.path()).value().degraded, 3000u);
}

TEST(Journal, WhatIsNotOnDiskDoesNotCount) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  auto writer = JournalWriter::create(path, header(), 1).value();
  EXPECT_EQ(writer.names_durable(), 0u);
  EXPECT_TRUE(writer.submit(mark(10)));
  JournalBatch results;
  results.ended = {{1, Outcome::kFound}};
  add_finding(results, 2, "two.example");
  EXPECT_TRUE(writer.submit(std::move(results)));
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(writer.names_durable(), 2u);
  EXPECT_EQ(writer.findings_durable(), 1u);
  EXPECT_FALSE(writer.submit(mark(20)));
}

TEST(Journal, AWriteThatFailsIsToldAndTheProducerDoesNotWait) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  auto writer = JournalWriter::create(path, header(), 1).value();
  // A full disk, for this process.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{.rlim_cur = std::filesystem::file_size(path) + 20, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  std::uint64_t names = 0;
  while (writer.submit(mark(++names))) {
  }
  const auto closed = writer.close();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error(), "cannot write " + path.string() + ": " + std::strerror(EFBIG));
  EXPECT_TRUE(writer.failed());
  EXPECT_EQ(writer.names_durable(), 0u);
  // The torn end is that of a run that was killed.
  EXPECT_EQ(read_journal(path).value().end, JournalEnd::kCut);
}

TEST(Journal, AFolderThatIsNotThereIsAnError) {
  const TempDir folder;
  const auto writer = JournalWriter::create(folder.path() / "no" / "journal", header(), 1);
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().find("No such file or directory"), std::string::npos);
  EXPECT_FALSE(read_journal(folder.path() / "journal"));
  test::write_file(folder.path() / "journal", "something else altogether\n");
  const auto contents = read_journal(folder.path() / "journal");
  ASSERT_FALSE(contents);
  EXPECT_EQ(contents.error(),
            (folder.path() / "journal").string() + ": not a journal, or one of another format");
}

TEST(Resume, IsForTheSameRunThatIsYoungEnough) {
  using std::chrono::hours;
  const JournalHeader earlier = header();
  JournalHeader wanted = header();
  wanted.at_unix_s = 17;  // fixed at the first start, so it is not compared
  wanted.started_unix_s += 20 * 3600;
  EXPECT_EQ(why_not_resumed(earlier, wanted, hours(20)), std::nullopt);
  ++wanted.started_unix_s;
  EXPECT_EQ(why_not_resumed(earlier, wanted, hours(20)), "the run before began 20.0 hours ago");
  wanted.started_unix_s = earlier.started_unix_s - 1;
  EXPECT_EQ(why_not_resumed(earlier, wanted, hours(20)), "the run before began in the future");
  wanted = header();
  wanted.fingerprint[1].second = "others";
  EXPECT_EQ(why_not_resumed(earlier, wanted, hours(20)), "not as in the run before: inputs");
  wanted.fingerprint.pop_back();
  wanted.fingerprint.emplace_back("profile", "x");
  EXPECT_EQ(why_not_resumed(earlier, wanted, hours(20)),
            "not as in the run before: inputs, profile, exclude");
}

std::vector<DomainName> names(std::initializer_list<const char*> texts) {
  std::vector<DomainName> out;
  for (const char* text : texts) out.push_back(DomainName::from_canonical(text));
  return out;
}

TEST(NumberedNames, AreHeldAgainstThoseOfTheEarlierStarts) {
  const TempDir folder;
  const auto path = folder.path() / "journal";
  {
    auto writer = JournalWriter::create(path, header(), 1).value();
    NumberedNames numbered(writer, {});
    EXPECT_TRUE(numbered.take(names({"a.example", "b.example"})));
    EXPECT_TRUE(numbered.take(names({"c.example"})));
    EXPECT_TRUE(numbered.complete());
    ASSERT_TRUE(writer.close());
  }
  const JournalContents contents = read_journal(path).value();
  ASSERT_EQ(contents.marks.size(), 2u);
  EXPECT_EQ(contents.marks[1].names, 3u);
  auto writer = JournalWriter::resume(path, contents, 2).value();
  {
    // However they are cut into batches; new ones may follow.
    NumberedNames numbered(writer, contents.marks);
    EXPECT_TRUE(numbered.take(names({"a.example"})));
    EXPECT_FALSE(numbered.complete());
    EXPECT_TRUE(numbered.take(names({"b.example", "c.example", "d.example"})));
    EXPECT_TRUE(numbered.complete());
    EXPECT_EQ(numbered.count(), 4u);
  }
  NumberedNames other(writer, contents.marks);
  EXPECT_FALSE(other.take(names({"a.example", "x.example"})));
  NumberedNames exchanged(writer, contents.marks);
  EXPECT_FALSE(exchanged.take(names({"b.example", "a.example"})));
  NumberedNames fewer(writer, contents.marks);
  EXPECT_TRUE(fewer.take(names({"a.example", "b.example"})));
  EXPECT_FALSE(fewer.complete());
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(read_journal(path).value().marks.back().names, 4u);
}

}  // namespace
}  // namespace caascan
