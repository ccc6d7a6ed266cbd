// The one way bytes from outside are walked: every step is checked against what is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace caascan::dump {

// A view that shrinks from the front. Each read either takes all it asks for and returns true, or
// takes nothing and returns false. Integers are big-endian (RFC 8446 §3.3). Borrows the bytes.
class ByteCursor {
 public:
  ByteCursor() = default;
  explicit ByteCursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t size() const { return rest_.size(); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  [[nodiscard]] bool read_bytes(std::uint64_t count, std::string_view& bytes) {
    if (count > rest_.size()) return false;
    bytes = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(static_cast<std::size_t>(count));
    return true;
  }

  [[nodiscard]] bool skip(std::uint64_t count) {
    std::string_view ignored;
    return read_bytes(count, ignored);
  }

  // An unsigned integer of `octets` (1 to 8) octets.
  [[nodiscard]] bool read_uint(unsigned octets, std::uint64_t& value) {
    std::string_view bytes;
    if (octets > 8 || !read_bytes(octets, bytes)) return false;
    value = 0;
    for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
    return true;
  }

  // A vector with a length of `length_octets` octets in front (RFC 8446 §3.4).
  [[nodiscard]] bool read_vector(unsigned length_octets, std::string_view& bytes) {
    const ByteCursor before = *this;
    std::uint64_t length = 0;
    if (read_uint(length_octets, length) && read_bytes(length, bytes)) return true;
    *this = before;
    return false;
  }

 private:
  std::string_view rest_;
};

}  // namespace caascan::dump
