#include "scanner/engine/known_answers.h"

namespace caascan::engine {

void KnownAnswers::put(const wire::DnsName& name, const KnownAnswer& answer) {
  if (count_max_ == 0) return;
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    slots_[*found].answer = answer;
    touch(*found);
    return;
  }
  auto index = static_cast<Index>(slots_.size());
  if (index < count_max_) {
    slots_.push_back({name, answer, {}});
  } else {
    index = by_use_.oldest();
    by_name_.erase(index);
    by_use_.remove(index, links());
    slots_[index].name = name;
    slots_[index].answer = answer;
    // The next one to go has not been touched for long.
    if (by_use_.oldest() != kNobody) __builtin_prefetch(&slots_[by_use_.oldest()]);
  }
  by_name_.insert(index);
  by_use_.add_newest(index, links());
}

const KnownAnswer* KnownAnswers::use(const wire::DnsName& name, Instant now, Instant asked_after) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  KnownAnswer& answer = slots_[*found].answer;
  if (now > answer.until || answer.started < asked_after) {
    answer.until = Instant::min();
    return nullptr;
  }
  touch(*found);
  return &answer;
}

void KnownAnswers::touch(Index index) {
  by_use_.remove(index, links());
  by_use_.add_newest(index, links());
}

}  // namespace caascan::engine
