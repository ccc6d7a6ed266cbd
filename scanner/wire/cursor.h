// The one way in which bytes from the network are read: a cursor that cannot leave its message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace caascan::wire {

using Bytes = std::span<const std::uint8_t>;

// Reads big-endian fields. A read beyond the end yields zero and makes the cursor bad for good, so
// that a caller may read a whole structure and ask `ok()` once. Borrows the message; one thread.
class Cursor {
 public:
  explicit Cursor(Bytes message, std::size_t offset = 0) : message_(message), offset_(offset) {
    if (offset_ > message_.size()) fail();
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] std::size_t remaining() const { return ok_ ? message_.size() - offset_ : 0; }
  [[nodiscard]] Bytes message() const { return message_; }

  std::uint8_t u8() { return take(1) ? message_[offset_ - 1] : std::uint8_t{0}; }
  std::uint16_t u16() {
    if (!take(2)) return 0;
    return static_cast<std::uint16_t>((message_[offset_ - 2] << 8) | message_[offset_ - 1]);
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return (high << 16) | u16();
  }
  Bytes bytes(std::size_t length) {
    return take(length) ? message_.subspan(offset_ - length, length) : Bytes{};
  }
  void skip(std::size_t length) { take(length); }
  void fail() {
    ok_ = false;
    offset_ = message_.size();
  }

 private:
  bool take(std::size_t length) {
    if (!ok_ || length > message_.size() - offset_) {
      fail();
      return false;
    }
    offset_ += length;
    return true;
  }

  Bytes message_;
  std::size_t offset_;
  bool ok_ = true;
};

}  // namespace caascan::wire
