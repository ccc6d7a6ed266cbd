// The likely reason of a finding and what to do about it, by the table data/reasons.tsv.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "output/server_software.h"
#include "scanner/finding.h"

namespace caascan {

struct Reason {
  std::string id;      // stable, in published files
  std::string likely;  // one sentence
  std::string fix;     // one sentence
};

// Lines of conditions and the reason that goes with them; the first that matches is taken.
// Immutable once parsed; thread-safe.
class ReasonTable {
 public:
  // `ID<TAB>CONDITIONS<TAB>LIKELY<TAB>FIX` a line; blank lines and lines that begin with `#` are
  // skipped. The conditions are explained in the file itself. The last line, and no other, holds
  // always (`*`). An error names `origin` and the line.
  [[nodiscard]] static std::expected<ReasonTable, std::string> parse(std::string_view text,
                                                                     std::string_view origin);

  // Lives as long as the table.
  [[nodiscard]] const Reason& reason_of(const Finding& finding) const;
  // In the order of the file.
  [[nodiscard]] std::span<const Reason> reasons() const { return reasons_; }

 private:
  enum class Key : std::uint8_t {
    kCause,
    kBogus,
    kIntermittent,
    kVersionDependent,
    kInherited,
    kAlias,
    kControl,
    kAsked,
    kQuestion,
    kExtendedError,
    kSoftware,
  };
  struct Term {
    Key key = Key::kCause;
    std::vector<std::string> words;          // any of them; "none" for kSoftware too
    std::vector<SoftwarePattern> softwares;  // or any of these; kSoftware only
  };
  using Terms = std::vector<Term>;  // all of them
  // What the conditions ask of a finding.
  struct Facts;

  static std::optional<Key> key_from_word(std::string_view word);
  static bool is_value_of(Key key, std::string_view word);
  static std::expected<std::vector<Terms>, std::string> parse_conditions(std::string_view text);
  static bool holds(const Term& term, const Facts& facts);

  std::vector<Reason> reasons_;
  std::vector<std::vector<Terms>> conditions_;  // of each reason: any of them
};

// Contents of data/reasons.tsv as built in; lives as long as the program.
[[nodiscard]] std::string_view builtin_reason_text();
// The same, parsed; lives as long as the program.
[[nodiscard]] const ReasonTable& builtin_reasons();

}  // namespace caascan
