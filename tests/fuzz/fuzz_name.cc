// Whatever comes in, a name that is accepted is canonical: it is accepted again, unchanged, and
// holds nothing but labels of letters, digits, `-` and `_` within their bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/assert.h"
#include "ingest/domain_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace caascan;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  for (const char c : escape_for_print(raw)) CAASCAN_ASSERT(c >= 0x20 && c < 0x7f);
  const auto name = parse_issued_name(raw);
  if (!name) return 0;
  const std::string& text = name->name.text();
  CAASCAN_ASSERT(!text.empty() && text.size() <= kNameOctetsMax);
  CAASCAN_ASSERT(name->name.label_count() >= 2);
  std::size_t label = 0;
  for (const char c : text + ".") {
    if (c == '.') {
      CAASCAN_ASSERT(label >= 1 && label <= kLabelOctetsMax);
      label = 0;
      continue;
    }
    CAASCAN_ASSERT((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
    ++label;
  }
  CAASCAN_ASSERT(parse_issued_name(name->as_issued()) == name);
  return 0;
}
