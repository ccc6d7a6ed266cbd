#include "ingest/spelling_list.h"

#include <bit>
#include <functional>

namespace caascan::dump {
namespace {

// Up to here comparing with all names before is as quick as a hash, and most certificates end here.
constexpr std::size_t kLinearMax = 16;
// Memory kept between certificates.
constexpr std::size_t kTextOctetsKept = std::size_t{1} << 20U;

std::size_t hash(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace

void SpellingList::index_all(std::size_t slots) {
  slots_.assign(slots, 0);
  for (std::size_t index = 0; index < places_.size(); ++index) {
    std::size_t slot = hash(at(index)) & (slots - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots - 1);
    slots_[slot] = static_cast<std::uint32_t>(index + 1);
  }
}

bool SpellingList::add(const NameText& name) {
  const std::size_t start = text_.size();
  if (name.wildcard) text_ += "*.";
  text_ += name.view();
  const std::string_view added = std::string_view(text_).substr(start);
  if (places_.size() < kLinearMax) {
    for (std::size_t index = 0; index < places_.size(); ++index) {
      if (at(index) == added) {
        text_.resize(start);
        return false;
      }
    }
  } else {
    if (slots_.size() < places_.size() * 2) index_all(std::bit_ceil(places_.size() * 4));
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = hash(added) & mask;
    while (slots_[slot] != 0) {
      if (at(slots_[slot] - 1) == added) {
        text_.resize(start);
        return false;
      }
      slot = (slot + 1) & mask;
    }
    slots_[slot] = static_cast<std::uint32_t>(places_.size() + 1);
  }
  places_.push_back(
      {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(text_.size() - start)});
  return true;
}

std::span<const std::string_view> SpellingList::views() {
  views_.clear();
  for (std::size_t index = 0; index < places_.size(); ++index) views_.push_back(at(index));
  return views_;
}

void SpellingList::clear() {
  if (text_.capacity() > kTextOctetsKept) {
    *this = SpellingList();
    return;
  }
  text_.clear();
  places_.clear();
  slots_.clear();
}

}  // namespace caascan::dump
