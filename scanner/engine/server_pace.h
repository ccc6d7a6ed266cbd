// How much slower than its cap a server is asked, and how often again, by how it takes our
// questions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "scanner/engine/time.h"

namespace caascan::engine {

// Additive increase, multiplicative decrease (Chiu and Jain 1989) of one server's rate, as a share
// of its cap. Loss at a server that answers, and a jump in what servers say to those who ask too
// much (REFUSED, SERVFAIL, an empty reply with TC as response rate limiting sends it) halve the
// rate and hold it; a while without trouble raises it again. What was there from the beginning, or
// has stayed, is no jump: a server that does not know our zones is not asked more slowly for ever.
// A server that has said nothing for a number of questions is silent until it says something. The
// pauses between questions to it grow, up to those of the least share, and nobody asks it twice.
// What is asked again because the server was silent is at most a tenth of what it is asked.
// Pure: events and moments in, the next moment out. One thread.
class ServerPace {
 public:
  // The least share, and what a second without trouble adds to it.
  static constexpr double kShareMin = 1.0 / 8;
  static constexpr double kSharePerSecond = 1.0 / 16;
  // So many waits in vain in a row, and the server is silent: where it has never answered, and
  // where it has (then chance has to be very unlikely).
  static constexpr std::uint32_t kSilentAtFirst = 3, kSilentAfter = 12;
  // Each question lets so much of one be asked again. At first, and saved up at most:
  static constexpr float kRepeatShare = 0.1f;
  static constexpr float kRepeatsAtFirst = 4, kRepeatsMax = 64;
  // After a halving, this long passes before the next one or a rise.
  static constexpr Duration kHold = std::chrono::seconds(5);

  // A reply has come. `pushed_back`: it is one of those above.
  void on_reply(bool pushed_back, Instant now);
  // A wait was over without one.
  void on_silence(Instant now);
  // Something has come that is no answer, but nobody else can have sent it.
  void on_sign_of_life() { silences_ = 0; }
  void on_send(Instant now) {
    last_send_ = now;
    repeats_ = std::min(repeats_ + kRepeatShare, kRepeatsMax);
  }
  // A question is asked again, because it was not answered. Who may not wait for that goes into
  // debt, which others pay.
  void on_repeat() { repeats_ -= 1; }
  [[nodiscard]] bool may_repeat() const { return repeats_ >= 1; }
  [[nodiscard]] bool is_silent() const {
    return silences_ >= (replies_ == 0 ? kSilentAtFirst : kSilentAfter);
  }

  [[nodiscard]] double share() const { return share_; }
  // The first moment at which the next question may leave, where the cap has one every `interval`.
  // In the past where the server has its cap.
  [[nodiscard]] Instant next_send(Duration interval) const;

 private:
  void slow_down(Instant now);

  double share_ = 1;
  double loss_ = 0;                        // of the last waits
  double pushed_lately_ = 0, pushed_ = 0;  // of the last replies; of many
  float repeats_ = kRepeatsAtFirst;
  std::uint32_t silences_ = 0;  // since the last reply
  std::uint32_t replies_ = 0;
  Instant hold_until_{}, raised_{};
  Instant last_send_{};
};

}  // namespace caascan::engine
