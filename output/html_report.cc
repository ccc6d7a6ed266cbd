#include "output/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "output/issuance.h"
#include "output/latent.h"
#include "output/tally.h"
#include "output/time_text.h"
#include "scanner/finding.h"

namespace caascan {
namespace {

constexpr std::string_view kHead = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Names whose CAA lookup fails</title>
<style>
body { font: 16px/1.45 sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #ddd; }
th { font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.bar { min-width: 7rem; } td.bar i { display: block; height: .9rem; background: #4a77a8; }
code { font-size: .92em; } .note { color: #555; } .warn { color: #a02020; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #e4e4e4; }
  th, td { border-color: #3a3a3a; } a { color: #8ab4f0; } .note { color: #aaa; } .warn { color: #ff8a80; } }
</style>
</head>
<body>
)html";

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

class Page {
 public:
  template <typename... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Values>(values)...);
    out_ += '\n';
  }

  // A row of a word, what it means, how many names it has, and their share as a bar.
  void share_row(std::string_view word, std::string_view meaning, std::uint64_t names,
                 std::uint64_t whole) {
    const double share = percent(names, whole);
    add("<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{:.1f}&nbsp;%"
        "</td><td class=\"bar\"><i style=\"width:{:.1f}%\"></i></td></tr>",
        html_text(word), html_text(meaning), names, share, share);
  }

  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  std::string out_ = std::string(kHead);
};

struct OutcomeText {
  Outcome outcome;
  std::string_view meaning;
};
constexpr auto kOutcomeTexts = std::to_array<OutcomeText>({
    {Outcome::kServfail, "a CA must refuse: SERVFAIL"},
    {Outcome::kTimeout, "a CA must refuse: no answer"},
    {Outcome::kFound, "CAA found"},
    {Outcome::kEmpty, "no CAA: any CA may issue"},
    {Outcome::kNotReached, "no verdict: not reached"},
    {Outcome::kExcluded, "no verdict: opted out"},
});
static_assert(kOutcomeTexts.size() == kOutcomeCount);

constexpr auto kSecurityTexts = std::to_array<std::string_view>({
    "not checked by caascan itself",
    "signed, and the chain from the root holds",
    "proven not to be signed",
    "does not validate",
    "the chain from the root could not be followed",
});
static_assert(kSecurityTexts.size() == kSecurityCount);

constexpr std::string_view kShareColumns =
    "<th class=\"n\">names</th><th class=\"n\">share</th><th></th>";

void add_outcomes(Page& page, const ScanCounts& counts) {
  page.add("<h2>Outcomes</h2>\n<table>\n<tr><th>outcome</th><th></th>{}</tr>", kShareColumns);
  for (const OutcomeText& text : kOutcomeTexts) {
    page.share_row(word(text.outcome), text.meaning,
                   counts.names_by_outcome[static_cast<std::size_t>(text.outcome)],
                   counts.names_total);
  }
  page.add("</table>");
}

void add_reasons(Page& page, const Tally& tally, std::uint64_t affected) {
  page.add(
      "<h2>Root causes</h2>\n<table>\n<tr><th>likely reason and fix</th><th class=\"n\">names</th>"
      "<th class=\"n\">zones</th><th class=\"n\">providers</th><th></th></tr>");
  for (const ReasonTally& line : tally.reasons) {
    const std::uint64_t names = line.servfail + line.timeout;
    page.add(
        "<tr id=\"{0}\"><td><code>{0}</code><br>{1}<br><span class=\"note\">{2}</span></td>"
        "<td class=\"n\">{3}</td><td class=\"n\">{4}</td><td class=\"n\">{5}</td>"
        "<td class=\"bar\"><i style=\"width:{6:.1f}%\"></i></td></tr>",
        html_text(line.reason->id), html_text(line.reason->likely), html_text(line.reason->fix),
        names, line.zones, line.providers, percent(names, affected));
  }
  page.add("</table>");
}

void add_dnssec(Page& page, const Tally& tally, std::uint64_t affected) {
  page.add("<h2>DNSSEC of the failing lookups</h2>\n<table>\n<tr><th>state</th><th></th>{}</tr>",
           kShareColumns);
  for (std::size_t i = 0; i < kSecurityCount; ++i) {
    if (tally.names_by_security[i] == 0) continue;
    page.share_row(word(static_cast<Security>(i)), kSecurityTexts[i], tally.names_by_security[i],
                   affected);
  }
  page.add("<tr><th>what is bogus</th><th></th>{}</tr>", kShareColumns);
  for (std::size_t i = 1; i < kBogusKindCount; ++i) {
    if (tally.names_by_bogus[i] == 0) continue;
    const auto kind = static_cast<BogusKind>(i);
    page.share_row(word(kind), describe(kind), tally.names_by_bogus[i], affected);
  }
  page.add("<tr><th>for issuance</th><th></th>{}</tr>", kShareColumns);
  for (std::size_t i = 0; i < kIssuanceClassCount; ++i) {
    if (tally.names_by_class[i] == 0) continue;
    const auto issuance = static_cast<IssuanceClass>(i);
    page.share_row(word(issuance), describe(issuance), tally.names_by_class[i], affected);
  }
  page.add("</table>");
}

void add_providers(Page& page, const std::vector<ProviderRow>& providers) {
  page.add(
      "<h2>Providers</h2>\n<table>\n<tr><th>provider</th><th class=\"n\">SERVFAIL</th>"
      "<th class=\"n\">no answer</th><th class=\"n\">zones</th><th></th></tr>");
  for (std::size_t i = 0; i < std::min(providers.size(), kProvidersInSummary); ++i) {
    const ProviderRow& row = providers[i];
    page.add(
        "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"bar\"><i style=\"width:{:.1f}%\"></i></td></tr>",
        html_text(row.provider), row.servfail, row.timeout, row.zones, 100 * row.share);
  }
  page.add("</table>");
  if (providers.size() > kProvidersInSummary) {
    page.add(
        "<p class=\"note\">The first {} of {}; all are in <a href=\"providers.tsv\">"
        "providers.tsv</a>.</p>",
        kProvidersInSummary, providers.size());
  }
}

void add_files(Page& page, const SetContents& contents) {
  page.add(
      "<h2>Trouble that has stopped nobody yet</h2>\n<ul>\n"
      "<li>{} zones of which some servers fail: <a href=\"{}\">{}</a></li>\n"
      "<li>{} CAA sets that a resolver sees or not, depending on the case in which it asks: "
      "<a href=\"{}\">{}</a></li>\n</ul>",
      contents.degraded, kDegradedFile, kDegradedFile, contents.hidden_caa, kHiddenCaaFile,
      kHiddenCaaFile);
  page.add("<h2>Files</h2>\n<ul>");
  for (const auto& [name, lines] : contents.list_lines) {
    page.add("<li><a href=\"{0}\">{0}</a>: {1} lines</li>", html_text(name), lines);
  }
  for (const std::string_view name :
       {"providers.tsv", "findings.ndjson.zst", "feed/hostnames.txt", "feed/certificates.ndjson",
        "feed/operators.ndjson", "summary.json", "manifest.json", "SHA256SUMS"}) {
    page.add("<li><a href=\"{0}\">{0}</a></li>", name);
  }
  page.add("</ul>");
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string report_html(const PublishOptions& options, const SetContents& contents) {
  const ScanCounts& counts = options.scan_counts;
  const std::uint64_t affected =
      counts.names_by_outcome[static_cast<std::size_t>(Outcome::kServfail)] +
      counts.names_by_outcome[static_cast<std::size_t>(Outcome::kTimeout)];
  Page page;
  page.add("<h1>Names whose CAA lookup fails</h1>");
  page.add(
      "<p>Of {} issued names, a CA must refuse {} ({:.2f}&nbsp;%). Looked up from {} to {}.</p>",
      counts.names_total, affected, percent(affected, counts.names_total),
      rfc3339(options.started_unix_s), rfc3339(contents.finished_unix_s));
  if (options.incomplete) {
    page.add(
        "<p class=\"warn\">This set is incomplete: input could not be read, or names were not "
        "reached.</p>");
  }
  if (contents.names_carried > 0) {
    page.add(
        "<p class=\"warn\">{} names were not reached and are listed with the verdict of an earlier "
        "set.</p>",
        contents.names_carried);
  }
  add_outcomes(page, counts);
  // The tables are of the lists.
  if (const std::uint64_t listed = affected + contents.names_carried; listed > 0) {
    add_reasons(page, contents.tally, listed);
    add_dnssec(page, contents.tally, listed);
    add_providers(page, contents.providers);
  }
  add_files(page, contents);
  page.add("<p class=\"note\">caascan {}</p>\n</body>\n</html>", html_text(options.version));
  return std::move(page).take();
}

}  // namespace caascan
