// The way through a name of a message, for whoever wants its octets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "scanner/wire/cursor.h"
#include "scanner/wire/dns_name.h"

namespace caascan::wire {

// Hands each label of the name at `cursor` to `take`, as its octets; the last one is the root's and
// has none. Follows compression pointers (RFC 1035 §4.1.4), kCompressionJumpsMax times at most, so
// that loops end. The cursor is behind the name then; it fails where there is none of at most
// kWireNameOctetsMax octets, some labels of it perhaps taken.
template <typename Take>
void walk_name(Cursor& cursor, Take take) {
  Cursor at = cursor;
  std::size_t octets = 0;
  int jumps = 0;
  while (true) {
    const std::uint8_t length = at.u8();
    if (!at.ok()) break;
    if ((length & 0xC0) == 0xC0) {
      const std::size_t target = (static_cast<std::size_t>(length & 0x3F) << 8) | at.u8();
      if (!at.ok() || ++jumps > kCompressionJumpsMax) {
        at.fail();
        break;
      }
      if (jumps == 1) cursor.skip(at.offset() - cursor.offset());
      at = Cursor(at.message(), target);
      continue;
    }
    octets += 1 + std::size_t{length};
    if (length > kLabelMax || octets > kWireNameOctetsMax) {
      at.fail();
      break;
    }
    const Bytes label = at.bytes(length);
    if (!at.ok()) break;
    take(label);
    if (length == 0) break;
  }
  if (!at.ok()) {
    cursor.fail();
  } else if (jumps == 0) {
    cursor.skip(at.offset() - cursor.offset());
  }
}

}  // namespace caascan::wire
