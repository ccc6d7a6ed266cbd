#include "output/summary_text.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

#include "output/time_text.h"
#include "scanner/finding.h"

namespace caascan {
namespace {

struct OutcomeLine {
  Outcome outcome;
  std::string_view meaning;
  bool always;
};

constexpr auto kOutcomeLines = std::to_array<OutcomeLine>({
    {Outcome::kServfail, "a CA must refuse: SERVFAIL", true},
    {Outcome::kTimeout, "a CA must refuse: no answer", true},
    {Outcome::kFound, "CAA found", true},
    {Outcome::kEmpty, "no CAA", true},
    {Outcome::kNotReached, "not reached", false},
    {Outcome::kExcluded, "excluded", false},
});
static_assert(kOutcomeLines.size() == kOutcomeCount);

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string summary_text(const PublishOptions& options, const PublishResult& result) {
  const ScanCounts& counts = options.scan_counts;
  std::string out =
      fmt::format("{} names checked in {}, {} queries\n", counts.names_total,
                  clock_text(counts.elapsed_s), counts.queries_udp + counts.queries_tcp);
  for (const OutcomeLine& line : kOutcomeLines) {
    const std::uint64_t names = counts.names_by_outcome[static_cast<std::size_t>(line.outcome)];
    if (names == 0 && !line.always) continue;
    fmt::format_to(std::back_inserter(out), "  {:>12}  {:<28} {:6.2f} %\n", names, line.meaning,
                   percent(names, counts.names_total));
  }
  const std::uint64_t servfail = result.servfail_namebright + result.servfail_other;
  fmt::format_to(std::back_inserter(out),
                 "lists in {}\n"
                 "  {:>12}  servfail-list-namebright.txt ({:.0f} % of all SERVFAIL names)\n"
                 "  {:>12}  servfail-list-other.txt\n"
                 "  {:>12}  timeout-list-namebright.txt\n"
                 "  {:>12}  timeout-list-other.txt\n"
                 "  {:>12}  zones at fault, in servfail-zones-namebright.txt and -other.txt\n"
                 "  {:>12}  certificates in feed/certificates.ndjson\n",
                 result.generation.string(), result.servfail_namebright,
                 percent(result.servfail_namebright, servfail), result.servfail_other,
                 result.timeout_namebright, result.timeout_other, result.zones_at_fault,
                 result.certificates);
  if (options.ingest_counts.damage_count > 0) {
    fmt::format_to(std::back_inserter(out),
                   "{} places of the input could not be read; the manifest lists them\n",
                   options.ingest_counts.damage_count);
  }
  if (counts.names_past_deadline > 0) {
    fmt::format_to(std::back_inserter(out),
                   "{} names were left without a verdict at the deadline\n",
                   counts.names_past_deadline);
  }
  if (result.names_carried > 0) {
    fmt::format_to(std::back_inserter(out),
                   "{} names that were not reached are listed with the verdict of an earlier set\n",
                   result.names_carried);
  }
  if (options.incomplete) out += "this set is incomplete\n";
  return out;
}

}  // namespace caascan
