// JSON text for stored and published files. Whatever bytes go in, valid UTF-8 JSON comes out, with
// the members in the order in which they were put in, so that equal values give equal bytes.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace caascan {

// `text` with every octet that is not printable ASCII as `\DDD` (RFC 1035 §5.1). A backslash stays
// as it is: names from DNS are in presentation form already. Applying it twice changes nothing.
[[nodiscard]] std::string printable_ascii(std::string_view text);

// Appends `text` as a JSON string (RFC 8259 §7), quotes included. Control characters and DEL come
// out as \u00XX; octets that are not valid UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& out);

// One line, without line break.
[[nodiscard]] std::string json_line(const boost::json::value& value);

// For people: two spaces a level, one member or element a line, a line break at the end.
[[nodiscard]] std::string json_document(const boost::json::value& value);

}  // namespace caascan
