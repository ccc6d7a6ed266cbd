// Points in time as text. UTC throughout.
#pragma once

#include <cstdint>
#include <string>

namespace caascan {

// RFC 3339 with `Z`: "2026-11-24T17:00:00Z". Times outside of the years 0 to 9999 become the
// nearest that RFC 3339 can say.
[[nodiscard]] std::string rfc3339(std::int64_t unix_s);

// As in the name of a generation folder: "20261124T170000Z".
[[nodiscard]] std::string compact_time(std::int64_t unix_s);

// "1:02:03": hours, minutes, seconds.
[[nodiscard]] std::string clock_text(double seconds);

}  // namespace caascan
