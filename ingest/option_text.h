// Option values as people write them, read once at the edge.
#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace caascan {

// "OPTION: 'VALUE' is not WANTED", with the value escaped for print.
[[nodiscard]] std::unexpected<std::string> bad_value(std::string_view option,
                                                     std::string_view value,
                                                     std::string_view wanted);

// A whole number and one of `units`, each with its factor, as in "30s" or "1GiB". At most 2^62.
[[nodiscard]] std::expected<std::uint64_t, std::string> read_with_unit(
    std::string_view option, std::string_view text, std::string_view wanted,
    std::initializer_list<std::pair<std::string_view, std::uint64_t>> units);

// KiB, MiB or GiB; at least 32MiB, below which nothing of use fits. In octets.
[[nodiscard]] std::expected<std::uint64_t, std::string> read_size(std::string_view option,
                                                                  std::string_view text);

// RFC 3339 with `Z` or an offset, a date alone (midnight UTC), or "now", which is `now_unix_s`.
// UNIX seconds.
[[nodiscard]] std::expected<std::int64_t, std::string> read_time(std::string_view option,
                                                                 std::string_view text,
                                                                 std::int64_t now_unix_s);

}  // namespace caascan
