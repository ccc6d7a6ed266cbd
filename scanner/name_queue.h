// Where ingest hands names to the scanner: a bounded queue of batches between two threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "ingest/domain_name.h"

namespace caascan {

// One producer, one consumer. A full queue makes the producer wait (back-pressure); an empty one
// does not make the consumer wait: it is woken through `set_wake` instead, because it has a network
// to serve.
class NameQueue {
 public:
  static constexpr std::size_t kBatchesMax = 64;

  // Producer. Waits while the queue is full. False once the consumer has cancelled: stop producing.
  bool push(std::vector<DomainName>&& batch) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [this] { return batches_.size() < kBatchesMax || cancelled_; });
    if (cancelled_) return false;
    batches_.push_back(std::move(batch));
    if (wake_) wake_();
    return true;
  }
  // Producer: nothing will follow.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (wake_) wake_();
  }

  // Consumer. The next batch, or nothing for now; `ended()` tells whether anything will follow.
  std::optional<std::vector<DomainName>> try_pop() {
    const std::lock_guard lock(mutex_);
    if (batches_.empty()) return std::nullopt;
    std::vector<DomainName> batch = std::move(batches_.front());
    batches_.pop_front();
    not_full_.notify_one();
    return batch;
  }
  [[nodiscard]] bool ended() const {
    const std::lock_guard lock(mutex_);
    return closed_ && batches_.empty();
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    batches_.clear();
    not_full_.notify_all();
  }
  // `wake` is called from the producer's thread whenever something was pushed or the queue was
  // closed. It must not call back into the queue. An empty function takes it away; afterwards it is
  // not called any more.
  void set_wake(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable not_full_;
  std::deque<std::vector<DomainName>> batches_;
  std::function<void()> wake_;
  bool closed_ = false;
  bool cancelled_ = false;
};

}  // namespace caascan
