// report.html: the set at a glance, for people. One file without scripts or anything from
// elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "output/publish.h"
#include "output/report.h"

namespace caascan {

// `text` for an element's contents or a quoted attribute.
[[nodiscard]] std::string html_text(std::string_view text);

[[nodiscard]] std::string report_html(const PublishOptions& options, const SetContents& contents);

}  // namespace caascan
