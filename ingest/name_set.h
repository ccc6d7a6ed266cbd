// The unique names seen so far, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace caascan::dump {

// An exact set of canonical names (1 to 253 octets): open addressing over an arena. It never
// forgets a name; once its memory is used up it takes no more, and says so.
class NameSet {
 public:
  enum class Added : std::uint8_t {
    kNew,
    kKnown,
    kFull,  // not in the set, and not taken
  };

  // `bytes_max` bounds table and arena together, the moment of growth included; at least 64 KiB are
  // used.
  explicit NameSet(std::size_t bytes_max);

  [[nodiscard]] Added add(std::string_view name);
  [[nodiscard]] std::size_t size() const { return count_; }

  // Ends the life as a set: the names can be read in bytewise order then, and none can be added.
  void sort();
  [[nodiscard]] std::string_view sorted(std::size_t index) const { return name_at(slots_[index]); }

 private:
  [[nodiscard]] std::string_view name_at(std::uint64_t slot) const;
  [[nodiscard]] std::uint64_t hash(std::string_view name) const;
  [[nodiscard]] std::size_t bytes() const;
  bool make_room(std::size_t name_octets);
  void grow_table();

  std::size_t bytes_max_;
  std::size_t chunk_octets_;
  std::uint64_t seed_;
  // 0 is free; otherwise 24 bits of the hash above the place of the name in the arena plus one.
  std::vector<std::uint64_t> slots_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_used_ = 0;
  std::size_t count_ = 0;
  bool full_ = false;
  bool sorted_ = false;
};

}  // namespace caascan::dump
