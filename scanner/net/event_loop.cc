#include "scanner/net/event_loop.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace caascan::net {
namespace {

// How long the loop sleeps at most, so that a stop request is seen in time.
constexpr auto kSleepMax = std::chrono::milliseconds(200);
// How old what the kernel says of its losses may be when a wait ends; and how often connections
// that have become idle are looked for.
constexpr auto kLookAroundEvery = std::chrono::milliseconds(10);

}  // namespace

EventLoop::EventLoop(engine::Engine& engine, ShardQueue& names,
                     std::chrono::steady_clock::time_point start, VerdictHandler on_verdict,
                     TurnHandler on_turn)
    : engine_(engine),
      names_(names),
      start_(start),
      on_verdict_(std::move(on_verdict)),
      on_turn_(std::move(on_turn)),
      work_(boost::asio::make_work_guard(io_)),
      udp_(io_, *this),
      tcp_(io_, *this) {}

std::expected<void, std::string> EventLoop::open(std::uint32_t sockets_v4,
                                                 std::uint32_t sockets_v6) {
  return udp_.open(sockets_v4, sockets_v6);
}

void EventLoop::read_clock() {
  now_ = engine::Instant(
      std::chrono::duration_cast<engine::Duration>(std::chrono::steady_clock::now() - start_));
}

// Fills the engine's window. False once no name is left anywhere.
bool EventLoop::take_names() {
  while (engine_.wants_names()) {
    if (batch_used_ == batch_.size()) {
      // `ended` first: what is pushed between the two calls is seen by the second.
      const bool ended = names_.ended();
      auto next = names_.try_pop();
      if (!next) return !ended;
      batch_ = std::move(*next);
      batch_used_ = 0;
      continue;
    }
    NumberedName& next = batch_[batch_used_++];
    engine_.add_name(std::move(next.name), next.number, now_);
  }
  return true;
}

void EventLoop::flush() {
  engine::Outbox& outbox = engine_.outbox();
  if (first_query_s_ < 0 && !outbox.datagrams.empty()) {
    read_clock();
    first_query_s_ = std::chrono::duration<double>(now_.time_since_epoch()).count();
  }
  udp_.send(outbox);
  for (engine::TcpRequest& request : outbox.tcp) tcp_.handle(std::move(request));
  outbox.clear();
}

// Busy, the loop reads what has come and goes on; only with nothing to read does it sleep.
void EventLoop::wait_until(engine::Instant wake) {
  io_.restart();
  if (udp_.read_ready() == 0 && wake > now_) {
    udp_.wake_when_ready();
    const auto sleep =
        std::min<engine::Duration>(wake == engine::kNever ? kSleepMax : wake - now_, kSleepMax);
    const engine::Instant before = now_;
    // A time-out of the wait itself (rounded up to a millisecond), not a timer: that would be
    // another call into the kernel each turn.
    io_.run_one_for(sleep);
    read_clock();
    engine_.on_slept(now_ - before);
    udp_.read_ready();
  }
  io_.poll();
}

std::expected<void, std::string> EventLoop::run(const std::atomic<bool>* stop) {
  names_.set_wake([this] { boost::asio::post(io_, [] {}); });
  std::expected<void, std::string> result;
  while (stop == nullptr || !stop->load(std::memory_order_relaxed)) {
    read_clock();
    if (now_ - looked_around_ >= kLookAroundEvery) {
      looked_around_ = now_;
      udp_.check_drops();
      tcp_.close_idle(now_);
    }
    const bool more = take_names();
    engine_.advance(now_);
    flush();
    for (engine::Verdict& verdict : engine_.take_verdicts()) {
      result = on_verdict_(std::move(verdict));
      if (!result) break;
    }
    if (result && on_turn_) result = on_turn_();
    if (!result || (!more && engine_.idle())) break;
    engine::Instant wake = engine_.next_wake();
    if (more && engine_.wants_names() && batch_used_ < batch_.size()) wake = now_;
    wait_until(wake);
  }
  names_.set_wake({});
  tcp_.close();
  udp_.close();
  return result;
}

void EventLoop::on_datagrams(std::uint32_t socket, std::span<const engine::Received> received) {
  engine_.on_datagrams(socket, received, now_);
}
void EventLoop::on_send_failed(engine::AttemptId attempt) {
  engine_.on_send_failed(attempt, now_);
}
void EventLoop::on_kernel_drops(std::uint64_t datagrams) {
  engine_.on_kernel_drops(datagrams, now_);
}
void EventLoop::on_tcp_message(engine::AttemptId attempt, wire::Bytes message) {
  read_clock();
  engine_.on_tcp_message(attempt, message, now_);
}
void EventLoop::on_tcp_failed(engine::AttemptId attempt) {
  read_clock();
  engine_.on_send_failed(attempt, now_);
}

}  // namespace caascan::net
