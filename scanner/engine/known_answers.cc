#include "scanner/engine/known_answers.h"

namespace caascan::engine {

void KnownAnswers::put(const wire::DnsName& name, const KnownAnswer& answer) {
  if (count_max_ == 0) return;
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    slots_[*found].answer = answer;
    unlink(*found);
    link_newest(*found);
    return;
  }
  Index index = oldest_;
  if (slots_.size() < count_max_) {
    index = static_cast<Index>(slots_.size());
    slots_.push_back({name, answer});
  } else {
    by_name_.erase(index);
    unlink(index);
    slots_[index].name = name;
    slots_[index].answer = answer;
    // The next one to go has not been touched for long.
    if (oldest_ != kNone) __builtin_prefetch(&slots_[oldest_]);
  }
  by_name_.insert(index);
  link_newest(index);
}

const KnownAnswer* KnownAnswers::use(const wire::DnsName& name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  unlink(*found);
  link_newest(*found);
  return &slots_[*found].answer;
}

void KnownAnswers::link_newest(Index index) {
  Slot& slot = slots_[index];
  slot.older = newest_;
  slot.newer = kNone;
  if (newest_ != kNone) slots_[newest_].newer = index;
  newest_ = index;
  if (oldest_ == kNone) oldest_ = index;
}

void KnownAnswers::unlink(Index index) {
  const Slot& slot = slots_[index];
  (slot.older == kNone ? oldest_ : slots_[slot.older].newer) = slot.newer;
  (slot.newer == kNone ? newest_ : slots_[slot.newer].older) = slot.older;
}

}  // namespace caascan::engine
