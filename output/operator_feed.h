// feed/operators.ndjson: for each provider what is wrong with its servers and where.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "output/affected.h"
#include "output/line_sink.h"
#include "output/lists.h"

namespace caascan {

// Calls `line` with the JSON text of each provider, in the order of `ranking` (`rank_providers` of
// the same names); stops at the first error. Format in docs/FORMATS.md, "Feeds".
[[nodiscard]] std::expected<void, std::string> for_each_operator_line(
    const AffectedNames& affected, std::span<const ProviderRow> ranking, const LineSink& line);

}  // namespace caascan
