// What a run says at its end, for people.
#pragma once

#include <string>

#include "output/publish.h"

namespace caascan {

// Names by outcome, sizes of the lists, where they are. At most 25 lines, each with a line break.
[[nodiscard]] std::string summary_text(const PublishOptions& options, const PublishResult& result);

}  // namespace caascan
