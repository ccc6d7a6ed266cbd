// What follows from a finding, as JSON: the same members in published lines and in `check --json`.
#pragma once

#include <boost/json/object.hpp>

#include "output/reason.h"
#include "scanner/finding.h"

namespace caascan {

// `id`, `likely`, `fix`.
[[nodiscard]] boost::json::object reason_json(const Reason& reason);

// `reason`, `classes`, `workarounds`, `message`, `message_2017`, `dig` (docs/FORMATS.md,
// "Findings").
[[nodiscard]] boost::json::object derived_json(const Finding& finding);

}  // namespace caascan
