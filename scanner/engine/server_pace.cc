#include "scanner/engine/server_pace.h"

#include <algorithm>

namespace caascan::engine {
namespace {

// Moving averages: of some 16 waits, of some 8 replies and of some 128.
constexpr double kLossWeight = 1.0 / 16;
constexpr double kLatelyWeight = 1.0 / 8;
constexpr double kLongWeight = 1.0 / 128;
// Above these a server is in trouble. A line that loses every fifth datagram in each direction
// stays below the first.
constexpr double kLossMax = 0.6;
constexpr double kJumpMin = 0.5;
// So many replies tell what is usual with a server.
constexpr std::uint32_t kRepliesToKnow = 16;

}  // namespace

void ServerPace::on_reply(bool pushed_back, Instant now) {
  const double one = pushed_back ? 1 : 0;
  silences_ = 0;
  loss_ -= loss_ * kLossWeight;
  if (replies_ < kRepliesToKnow) {
    ++replies_;
    pushed_ += (one - pushed_) / replies_;
    pushed_lately_ = pushed_;
    return;
  }
  pushed_lately_ += (one - pushed_lately_) * kLatelyWeight;
  pushed_ += (one - pushed_) * kLongWeight;
  if (pushed_lately_ - pushed_ > kJumpMin) {
    slow_down(now);
    return;
  }
  if (share_ >= 1 || now < hold_until_) return;
  const double seconds = std::chrono::duration<double>(now - raised_).count();
  raised_ = now;
  share_ = std::min(1.0, share_ + kSharePerSecond * std::max(0.0, seconds));
}

void ServerPace::on_silence(Instant now) {
  ++silences_;
  if (replies_ > 0) loss_ += (1 - loss_) * kLossWeight;
  if (is_silent() || loss_ > kLossMax) slow_down(now);
}

void ServerPace::slow_down(Instant now) {
  if (now < hold_until_) return;
  share_ = std::max(kShareMin, share_ / 2);
  hold_until_ = raised_ = now + kHold;
  loss_ = 0;
}

Instant ServerPace::next_send(Duration interval) const {
  if (share_ >= 1) return Instant{};
  return last_send_ + std::chrono::duration_cast<Duration>(interval / share_);
}

}  // namespace caascan::engine
