#include "output/reason.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <set>
#include <utility>

#include "ingest/assert.h"
#include "output/evidence.h"

namespace caascan {
namespace {

constexpr std::string_view kNoWord = "none";
constexpr std::string_view kAlways = "*";
constexpr std::string_view kOr = " or ";
constexpr std::uint8_t kNoerror = 0, kNxdomain = 3;

std::string_view yes_or_no(bool yes) {
  return yes ? "yes" : "no";
}

// Servers that answer A with NXDOMAIN serve the zone as well as those that have an address for it.
std::string_view control_word(const Finding& finding) {
  if (!finding.control_result) return kNoWord;
  const bool good = *finding.control_result == AttemptResult::kAnswer && finding.control_rcode &&
                    (*finding.control_rcode == kNoerror || *finding.control_rcode == kNxdomain);
  return good ? "good" : "bad";
}

std::string_view question_word(const Attempt* attempt) {
  if (attempt == nullptr) return kNoWord;
  if (attempt->qtype == "CAA") return "caa";
  if (attempt->qtype == "DNSKEY") return "dnskey";
  return attempt->qtype == "DS" ? "ds" : kNoWord;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_number(std::string_view word) {
  return !word.empty() && word.size() <= 5 &&
         std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// One line of printable ASCII that ends as a sentence does.
bool is_sentence(std::string_view text) {
  return text.size() > 1 && text.ends_with('.') &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// The parts between separators; always at least one, which may be empty.
std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + separator.size());
  }
}

}  // namespace

struct ReasonTable::Facts {
  explicit Facts(const Finding& finding)
      : versions(finding.versions),
        cause(word(finding.cause)),
        bogus(word(finding.bogus)),
        intermittent(yes_or_no(finding.intermittent)),
        version_dependent(yes_or_no(finding.version_dependent)),
        inherited(yes_or_no(finding.inherited)),
        alias(yes_or_no(!finding.alias_target.empty())),
        control(control_word(finding)) {
    const Attempt* attempt = decisive_attempt(finding);
    const bool resolver = attempt != nullptr && attempt->server_name.empty();
    asked = resolver ? "resolver" : "nameservers";
    question = question_word(attempt);
    // What an authoritative server says there is not a verdict on the lookup.
    extended_error = resolver && attempt->extended_error ? std::to_string(*attempt->extended_error)
                                                         : std::string(kNoWord);
  }

  [[nodiscard]] std::string_view word_of(Key key) const {
    switch (key) {
      case Key::kCause:
        return cause;
      case Key::kBogus:
        return bogus;
      case Key::kIntermittent:
        return intermittent;
      case Key::kVersionDependent:
        return version_dependent;
      case Key::kInherited:
        return inherited;
      case Key::kAlias:
        return alias;
      case Key::kControl:
        return control;
      case Key::kAsked:
        return asked;
      case Key::kQuestion:
        return question;
      case Key::kExtendedError:
        return extended_error;
      case Key::kSoftware:
        return says_anything(versions) ? "" : kNoWord;
    }
    return "";
  }

  std::span<const ServerVersion> versions;
  std::string_view cause, bogus, intermittent, version_dependent, inherited, alias, control, asked,
      question;
  std::string extended_error;
};

std::optional<ReasonTable::Key> ReasonTable::key_from_word(std::string_view word) {
  constexpr auto kKeyWords = std::to_array<std::string_view>(
      {"cause", "bogus", "intermittent", "version-dependent", "inherited", "alias", "control",
       "asked", "question", "ede", "software"});
  const auto found = std::ranges::find(kKeyWords, word);
  if (found == kKeyWords.end()) return std::nullopt;
  return static_cast<Key>(found - kKeyWords.begin());
}

bool ReasonTable::is_value_of(Key key, std::string_view word) {
  switch (key) {
    case Key::kCause:
      return cause_from_word(word).has_value();
    case Key::kBogus:
      return bogus_kind_from_word(word).has_value();
    case Key::kIntermittent:
    case Key::kVersionDependent:
    case Key::kInherited:
    case Key::kAlias:
      return is_one_of(word, {"yes", "no"});
    case Key::kControl:
      return is_one_of(word, {"good", "bad", kNoWord});
    case Key::kAsked:
      return is_one_of(word, {"resolver", "nameservers"});
    case Key::kQuestion:
      return is_one_of(word, {"caa", "dnskey", "ds", kNoWord});
    case Key::kExtendedError:
      return word == kNoWord || is_number(word);
    case Key::kSoftware:
      return word == kNoWord || SoftwarePattern::parse(word).has_value();
  }
  return false;
}

std::expected<std::vector<ReasonTable::Terms>, std::string> ReasonTable::parse_conditions(
    std::string_view text) {
  std::vector<Terms> out;
  if (text == kAlways) {
    out.emplace_back();
    return out;
  }
  for (const std::string_view alternative : split(text, kOr)) {
    Terms& terms = out.emplace_back();
    for (const std::string_view condition : split(alternative, " ")) {
      const std::size_t equals = condition.find('=');
      const std::string_view name = condition.substr(0, equals);
      const auto key = key_from_word(name);
      if (!key || equals == std::string_view::npos) {
        return std::unexpected(fmt::format("\"{}\" is no condition", condition));
      }
      Term& term = terms.emplace_back();
      term.key = *key;
      for (const std::string_view value : split(condition.substr(equals + 1), "|")) {
        if (!is_value_of(*key, value)) {
          return std::unexpected(fmt::format("\"{}\" is no value of {}", value, name));
        }
        if (*key == Key::kSoftware && value != kNoWord) {
          term.softwares.push_back(*SoftwarePattern::parse(value));
        } else {
          term.words.emplace_back(value);
        }
      }
    }
  }
  return out;
}

std::expected<ReasonTable, std::string> ReasonTable::parse(std::string_view text,
                                                           std::string_view origin) {
  ReasonTable table;
  std::set<std::string_view> ids;
  std::size_t line_number = 0;
  bool ended = false;
  for (std::string_view line : split(text, "\n")) {
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto fail = [&](std::string_view what) {
      return std::unexpected(fmt::format("{}: line {}: {}", origin, line_number, what));
    };
    if (ended) return fail("stands behind the line that holds always");
    const std::vector<std::string_view> fields = split(line, "\t");
    if (fields.size() != 4) return fail("not ID<TAB>CONDITIONS<TAB>LIKELY<TAB>FIX");
    const std::string_view id = fields[0], conditions = fields[1], likely = fields[2],
                           fix = fields[3];
    if (!is_identifier(id)) return fail("the identifier is not a word of a-z, 0-9 and `-`");
    if (!ids.insert(id).second) return fail("the identifier stands in the table already");
    auto parsed = parse_conditions(conditions);
    if (!parsed) return fail(parsed.error());
    if (!is_sentence(likely) || !is_sentence(fix)) {
      return fail("the reason or the fix is not a sentence of printable ASCII");
    }
    ended = conditions == kAlways;
    table.reasons_.push_back({std::string(id), std::string(likely), std::string(fix)});
    table.conditions_.push_back(std::move(*parsed));
  }
  if (!ended) return std::unexpected(fmt::format("{}: no line holds always", origin));
  return table;
}

bool ReasonTable::holds(const Term& term, const Facts& facts) {
  return std::ranges::find(term.words, facts.word_of(term.key)) != term.words.end() ||
         std::ranges::any_of(term.softwares, [&](const SoftwarePattern& software) {
           return software.matches(facts.versions);
         });
}

const Reason& ReasonTable::reason_of(const Finding& finding) const {
  const Facts facts(finding);
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    const bool match = std::ranges::any_of(conditions_[i], [&](const Terms& terms) {
      return std::ranges::all_of(terms, [&](const Term& term) { return holds(term, facts); });
    });
    if (match) return reasons_[i];
  }
  CAASCAN_ASSERT(false);  // the last line holds always
}

const ReasonTable& builtin_reasons() {
  static const auto kTable = ReasonTable::parse(builtin_reason_text(), "built-in");
  CAASCAN_ASSERT(kTable.has_value());
  return *kTable;
}

}  // namespace caascan
