// What may stand in a published list.
#pragma once

#include <cstddef>
#include <string_view>

#include "ingest/domain_name.h"

namespace caascan {

// Whether `text` is one or more labels of a-z, 0-9, `-` and `_`, 1 to 63 octets each, at most 253
// in all, without final dot. Names that come from DNS, zones and nameservers among them, need not
// be.
[[nodiscard]] constexpr bool is_list_name(std::string_view text) {
  if (text.empty() || text.size() > kNameOctetsMax) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed || ++label > kLabelOctetsMax) return false;
  }
  return label > 0;
}

}  // namespace caascan
