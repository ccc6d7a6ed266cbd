// The order in which things were last used, kept in the things themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace caascan::engine {

inline constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

// What a thing holds of its place.
struct RecencyLinks {
  std::uint32_t newer = kNobody, older = kNobody;
};

// A list of things that are known by their index. `links` gives the RecencyLinks& of an index; it
// is the same for all calls. Each call takes constant time. One thread.
class RecencyList {
 public:
  template <class Links>
  void add_newest(std::uint32_t index, const Links& links) {
    links(index) = {.newer = kNobody, .older = newest_};
    (newest_ == kNobody ? oldest_ : links(newest_).newer) = index;
    newest_ = index;
    ++size_;
  }
  // `index` is in the list.
  template <class Links>
  void remove(std::uint32_t index, const Links& links) {
    const RecencyLinks it = links(index);
    (it.older == kNobody ? oldest_ : links(it.older).newer) = it.newer;
    (it.newer == kNobody ? newest_ : links(it.newer).older) = it.older;
    --size_;
  }
  [[nodiscard]] std::uint32_t oldest() const { return oldest_; }  // kNobody: it is empty
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::uint32_t newest_ = kNobody, oldest_ = kNobody;
  std::size_t size_ = 0;
};

}  // namespace caascan::engine
