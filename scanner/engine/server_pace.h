// How much slower than its cap a server is asked, by how it takes our questions.
#pragma once

#include <cstdint>

#include "scanner/engine/time.h"

namespace caascan::engine {

// Additive increase, multiplicative decrease (Chiu and Jain 1989) of one server's rate, as a share
// of its cap. Loss at a server that answers, and a jump in what servers say to those who ask too
// much (REFUSED, SERVFAIL, an empty reply with TC as response rate limiting sends it) halve the
// rate and hold it; a while without trouble raises it again. What was there from the beginning, or
// has stayed, is no jump: a server that does not know our zones is not asked more slowly for ever.
// Pure: events and moments in, the next moment out. One thread.
class ServerPace {
 public:
  // The least share, and what a second without trouble adds to it.
  static constexpr double kShareMin = 1.0 / 8;
  static constexpr double kSharePerSecond = 1.0 / 16;
  // After a halving, this long passes before the next one or a rise.
  static constexpr Duration kHold = std::chrono::seconds(5);

  // A reply has come. `pushed_back`: it is one of those above.
  void on_reply(bool pushed_back, Instant now);
  // A wait was over without one. A server that has never answered is not slowed down by this: it
  // may be dead, and then nobody overloads it.
  void on_silence(Instant now);
  void on_send(Instant now) { last_send_ = now; }

  [[nodiscard]] double share() const { return share_; }
  // The first moment at which the next question may leave, where the cap has one every `interval`.
  // In the past where the server has its cap.
  [[nodiscard]] Instant next_send(Duration interval) const;

 private:
  void slow_down(Instant now);

  double share_ = 1;
  double loss_ = 0;                        // of the last waits
  double pushed_lately_ = 0, pushed_ = 0;  // of the last replies; of many
  std::uint32_t replies_ = 0;
  Instant hold_until_{}, raised_{};
  Instant last_send_{};
};

}  // namespace caascan::engine
