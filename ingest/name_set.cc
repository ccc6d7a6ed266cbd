#include "ingest/name_set.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "ingest/assert.h"
#include "ingest/domain_name.h"

namespace caascan::dump {
namespace {

constexpr std::size_t kBytesLeast = std::size_t{64} << 10U;
constexpr std::size_t kSlotsAtFirst = 1024;
constexpr std::size_t kChunkOctetsMax = std::size_t{1} << 20U;
constexpr unsigned kPlaceBits = 40;  // an arena of 1 TiB
constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << kPlaceBits) - 1;
static_assert(kNameOctetsMax <= 255, "a name's length is kept in one octet");

// The 128-bit product of both, folded: every bit of the input reaches every bit of the result.
std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t load(const char* from, std::size_t octets) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, octets);
  return value;
}

}  // namespace

NameSet::NameSet(std::size_t bytes_max)
    : bytes_max_(std::max(bytes_max, kBytesLeast)),
      chunk_octets_(std::min(kChunkOctetsMax, bytes_max_ / 16)),
      slots_(kSlotsAtFirst) {
  // Dumps hold names that anybody can choose: a fixed hash would let them be chosen to collide.
  std::random_device entropy;
  seed_ = std::uint64_t{entropy()} << 32U | entropy();
}

std::uint64_t NameSet::hash(std::string_view name) const {
  constexpr std::uint64_t kOdd1 = 0x9e3779b97f4a7c15U;
  constexpr std::uint64_t kOdd2 = 0xd1b54a32d192ed03U;
  std::uint64_t state = seed_ ^ name.size() * kOdd1;
  const char* at = name.data();
  std::size_t left = name.size();
  for (; left > 16; left -= 16, at += 16) {
    state = fold_multiply(load(at, 8) ^ kOdd2 ^ seed_, load(at + 8, 8) ^ state);
  }
  const std::size_t first = std::min<std::size_t>(left, 8);
  return fold_multiply(load(at, first) ^ kOdd1 ^ seed_, load(at + first, left - first) ^ state);
}

std::string_view NameSet::name_at(std::uint64_t slot) const {
  const std::uint64_t place = (slot & kPlaceMask) - 1;
  const char* text = chunks_[place / chunk_octets_].get() + place % chunk_octets_;
  return {text + 1, static_cast<unsigned char>(*text)};
}

std::size_t NameSet::bytes() const {
  return chunks_.size() * chunk_octets_ + slots_.size() * sizeof(std::uint64_t);
}

void NameSet::grow_table() {
  std::vector<std::uint64_t> larger(slots_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (const std::uint64_t slot : slots_) {
    if (slot == 0) continue;
    std::size_t at = hash(name_at(slot)) & mask;
    while (larger[at] != 0) at = (at + 1) & mask;
    larger[at] = slot;
  }
  slots_ = std::move(larger);
}

// Whether one more name fits. The table doubles at a load of 0.7 as long as the budget allows, and
// may then fill up to 0.875, where a search for an absent name still takes some 32 steps in one or
// two cache lines' reach.
bool NameSet::make_room(std::size_t name_octets) {
  if (full_) return false;
  if ((count_ + 1) * 10 > slots_.size() * 7) {
    if (bytes() + slots_.size() * 2 * sizeof(std::uint64_t) <= bytes_max_) {
      grow_table();
    } else if ((count_ + 1) * 8 > slots_.size() * 7) {
      full_ = true;
      return false;
    }
  }
  if (chunks_.empty() || chunk_used_ + 1 + name_octets > chunk_octets_) {
    if (bytes() + chunk_octets_ > bytes_max_ || chunks_.size() * chunk_octets_ >= kPlaceMask) {
      full_ = true;
      return false;
    }
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_octets_));
    chunk_used_ = 0;
  }
  return true;
}

NameSet::Added NameSet::add(std::string_view name) {
  CAASCAN_ASSERT(!sorted_ && name.size() <= kNameOctetsMax);
  const std::uint64_t hashed = hash(name);
  const std::uint64_t tag = hashed & ~kPlaceMask;
  const auto find = [&] {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hashed & mask;
    while (slots_[at] != 0 && ((slots_[at] & ~kPlaceMask) != tag || name_at(slots_[at]) != name)) {
      at = (at + 1) & mask;
    }
    return at;
  };
  std::size_t at = find();
  if (slots_[at] != 0) return Added::kKnown;
  const std::size_t slots_before = slots_.size();
  if (!make_room(name.size())) return Added::kFull;
  if (slots_.size() != slots_before) at = find();
  char* text = chunks_.back().get() + chunk_used_;
  *text = static_cast<char>(name.size());
  std::memcpy(text + 1, name.data(), name.size());
  slots_[at] = tag | ((chunks_.size() - 1) * chunk_octets_ + chunk_used_ + 1);
  chunk_used_ += 1 + name.size();
  ++count_;
  return Added::kNew;
}

// In place: the table becomes the sorted index, so that no more memory is needed.
void NameSet::sort() {
  std::erase(slots_, 0U);
  std::ranges::sort(slots_, [this](std::uint64_t left, std::uint64_t right) {
    return name_at(left) < name_at(right);
  });
  sorted_ = true;
}

}  // namespace caascan::dump
