// RFC 4648 base64, as leniently as the tools that write dumps need.
#pragma once

#include <string>
#include <string_view>

namespace caascan::dump {

// Replaces `out` with the octets of `text`: standard or URL-safe alphabet, padded or not. False
// where `text` has any other character, or a length that no octets have. Capacity of `out` is kept.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& out);

}  // namespace caascan::dump
