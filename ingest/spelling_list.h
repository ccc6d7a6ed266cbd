// The names of one certificate as issued: in order, each once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/domain_name.h"

namespace caascan::dump {

// Filled and cleared for every certificate; keeps its memory, up to a bound, so that it seldom
// allocates.
class SpellingList {
 public:
  // Adds `name` with its `*.` unless it is there. False where it was.
  bool add(const NameText& name);
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }
  // Valid until the next change.
  [[nodiscard]] std::span<const std::string_view> views();
  void clear();

 private:
  struct Place {
    std::uint32_t start;
    std::uint32_t size;
  };
  [[nodiscard]] std::string_view at(std::size_t index) const {
    return std::string_view(text_).substr(places_[index].start, places_[index].size);
  }
  void index_all(std::size_t slots);

  std::string text_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> slots_;  // place plus one, by hash; used only for long lists
  std::vector<std::string_view> views_;
};

}  // namespace caascan::dump
