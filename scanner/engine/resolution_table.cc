#include "scanner/engine/resolution_table.h"

#include <algorithm>
#include <utility>

#include "ingest/assert.h"

namespace caascan::engine {

bool ResolutionTable::usable(const Entry& entry, Freshness fresh, Instant now) {
  const Resolution& resolution = entry.resolution;
  if (!entry.done) return resolution.started >= fresh.after;
  if (!resolution.failed) {
    const bool fresh_enough = !fresh.of_good_too || resolution.started >= fresh.after;
    return fresh_enough && now - resolution.finished <= resolution.ttl;
  }
  return !resolution.limited && resolution.started >= fresh.after &&
         now - resolution.finished <= kFailureTtl;
}

ResolutionTable::Asked ResolutionTable::ask(const Question& question, Freshness fresh,
                                            Waiter waiter, Instant now) {
  if (const auto found = by_question_.find(question); found != by_question_.end()) {
    const std::uint32_t index = found->second;
    Entry& entry = entries_[index];
    if (usable(entry, fresh, now)) {
      if (!entry.done) {
        entry.waiters.push_back(waiter);
      } else {
        touch(index);
        ++entry.pins;
        completed_.push_back({index, waiter});
      }
      return {index, false};
    }
    if (entry.done) {
      drop(index);
    } else {
      // It goes on for those who wait for it, but is nobody else's any more.
      by_question_.erase(found);
      entry.cached = false;
    }
  }
  if (is_kept_short(question)) {
    const Instant asked_after = fresh.of_good_too ? fresh.after : Instant::min();
    if (const KnownAnswer* known = known_.use(question.name, now, asked_after)) {
      const std::uint32_t index = make(question);
      Entry& entry = entries_[index];
      entry.done = true;
      entry.resolution.started = known->started;
      entry.resolution.has_rrset = known->has_rrset;
      entry.pins = 1;
      completed_.push_back({index, waiter});
      return {index, false};
    }
  }
  const std::uint32_t index = make(question);
  Entry& entry = entries_[index];
  entry.cached = true;
  entry.resolution.started = now;
  entry.waiters.push_back(waiter);
  by_question_[question] = index;
  ++under_way_;
  return {index, true};
}

std::uint32_t ResolutionTable::make(const Question& question) {
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  entries_[index].used = true;
  entries_[index].question = question;
  return index;
}

const Resolution* ResolutionTable::use(const Question& question, Freshness fresh, Instant now) {
  const auto found = by_question_.find(question);
  if (found == by_question_.end()) return nullptr;
  const Entry& entry = entries_[found->second];
  if (!entry.done || entry.resolution.failed || !usable(entry, fresh, now)) return nullptr;
  touch(found->second);
  return &entry.resolution;
}

void ResolutionTable::finish(std::uint32_t index, Instant now) {
  Entry& entry = entries_[index];
  CAASCAN_ASSERT(entry.used && !entry.done);
  entry.done = true;
  entry.resolution.finished = now;
  --under_way_;
  for (const Waiter& waiter : entry.waiters) {
    ++entry.pins;
    completed_.push_back({index, waiter});
  }
  entry.waiters.clear();
  const Resolution& resolution = entry.resolution;
  if (entry.cached && !resolution.failed && is_kept_short(entry.question)) {
    by_question_.erase(entry.question);
    entry.cached = false;
    known_.put(entry.question.name,
               {resolution.started, now + resolution.ttl, resolution.has_rrset});
  }
  if (!entry.cached) {
    free_if_unused(index);
    return;
  }
  keep(index);
  while ((of_names_.size() + of_servers_.size()) * kEntryBytes > bytes_max_) {
    const bool many_names =
        of_servers_.size() == 0 ||
        (of_names_.size() > 0 && of_names_.size() * kEntryBytes * 2 >= bytes_max_);
    const RecencyList& from = many_names ? of_names_ : of_servers_;
    drop(from.oldest());
    // The next one to go has not been touched for long.
    if (from.oldest() != kNobody) prepare(from.oldest());
  }
}

std::vector<Waiter> ResolutionTable::withdraw(std::uint32_t index) {
  Entry& entry = entries_[index];
  CAASCAN_ASSERT(entry.used && !entry.done && entry.pins == 0);
  if (entry.cached) by_question_.erase(entry.question);
  std::vector<Waiter> waiters = std::move(entry.waiters);
  entry = Entry{};
  free_.push_back(index);
  --under_way_;
  return waiters;
}

void ResolutionTable::deliver(const Teller& tell) {
  while (told_ < completed_.size()) {
    const Completed next = completed_[told_++];
    const Entry& entry = entries_[next.index];
    tell(next.index, next.waiter, entry.question, entry.resolution);
    --entries_[next.index].pins;
    free_if_unused(next.index);
  }
  completed_.clear();
  told_ = 0;
}

// Takes an ended resolution out of the map; it is freed once nobody is still to be told.
void ResolutionTable::drop(std::uint32_t index) {
  unlink(index);
  by_question_.erase(entries_[index].question);
  entries_[index].cached = false;
  free_if_unused(index);
}

void ResolutionTable::free_if_unused(std::uint32_t index) {
  Entry& entry = entries_[index];
  if (!entry.used || entry.cached || !entry.done || entry.pins != 0) return;
  std::vector<Waiter> waiters = std::move(entry.waiters);  // its memory serves the next one
  waiters.clear();
  entry = Entry{};
  entry.waiters = std::move(waiters);
  free_.push_back(index);
}

}  // namespace caascan::engine
