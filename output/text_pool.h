// Texts kept once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

namespace caascan {

// Equal texts are one text, which stays where it is as long as the pool lives, moved or not: names,
// the labels above them and their zones repeat each other. One thread.
class TextPool {
 public:
  [[nodiscard]] std::string_view keep(std::string_view text) {
    if (const auto found = texts_.find(text); found != texts_.end()) return *found;
    if (text.size() > left_) {
      left_ = std::max(kBlockOctets, text.size());
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      next_ = blocks_.back().get();
    }
    const std::string_view kept(next_, text.size());
    next_ = std::ranges::copy(text, next_).out;
    left_ -= text.size();
    texts_.insert(kept);
    return kept;
  }

 private:
  static constexpr std::size_t kBlockOctets = std::size_t{64} << 10;

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;  // in the last block
  std::size_t left_ = 0;
  boost::unordered_flat_set<std::string_view, std::hash<std::string_view>> texts_;
};

}  // namespace caascan
