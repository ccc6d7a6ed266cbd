// Exchanges: questions on their way to servers, and the replies that may be believed.
//
// The life of an attempt. `start` puts it into its server's queue. When every budget of the server
// grants a send, it draws a socket, an id and a case from chance, its datagram goes to the outbox,
// and the wait begins. A datagram that arrives is an answer only if the socket and id name a live
// attempt, it comes from that attempt's address and port, and it repeats the question with its
// case; anything else is counted by kind and ends nothing. When the wait is over the owner is told,
// but the id stays live until kIdLife after the send: a late answer still counts while the owner is
// interested. After an answer, or once abandoned, the id is in quarantine for the rest of kIdLife,
// so that a second answer cannot be taken for another question's.
//
// Loss of our own. When a receive buffer of this machine has run over, a wait that was running then
// says nothing of its server: the question is sent again, with a socket and an id of its own, and
// the owner is not told (kVoidsMax times at most). And there is room for half as many questions,
// for a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "scanner/engine/endpoint.h"
#include "scanner/engine/lines.h"
#include "scanner/engine/random.h"
#include "scanner/engine/rate_limiter.h"
#include "scanner/engine/server_pace.h"
#include "scanner/engine/time.h"
#include "scanner/engine/timer_wheel.h"
#include "scanner/finding.h"
#include "scanner/wire/query.h"

namespace caascan::engine {

inline constexpr Duration kIdLife = std::chrono::seconds(10);
// Half of a socket's ids may be live or in quarantine before more sends wait: a draw then finds a
// free id after two tries on average, and an attacker who guesses ids hits at most one in two.
inline constexpr std::uint32_t kIdsLiveMax = 32768;
inline constexpr int kIdDrawsMax = 64;
// A wait ends well before its id does, whatever the rounding of the timer wheel.
inline constexpr Duration kAttemptWaitMax = std::chrono::seconds(8);
static_assert(kAttemptWaitMax + std::chrono::seconds(1) < kIdLife &&
              kIdLife < TimerWheel::kHorizon);

// So many waits of one attempt may be void; then its silence counts whatever we lose. Rounds and
// canaries are behind it.
inline constexpr std::uint8_t kVoidsMax = 3;
// A loss of our own halves the window, no more often than this and down to kWindowMin. It doubles
// again after each kSlowFor without a loss.
inline constexpr Duration kHalvedAgainAfter = std::chrono::milliseconds(100);
inline constexpr Duration kSlowFor = std::chrono::seconds(1);
inline constexpr std::size_t kWindowMin = 64;
// How large a window serves best hangs on how far away the servers are: one that is too small
// leaves the caller asleep, and one that is too large has the memory of each question fetched from
// far away again for its answer. So it doubles where the caller has slept for a quarter of this
// time for want of room, and is halved again where that did not bring a tenth more replies (the
// servers have no more to give), not to be tried for a second. What a doubling brings shows when
// the questions that it let out are answered, so this is judged after twice the time that a
// question takes on average (Little's law), and not at all where more is on the way than the
// doubled window has room for: then it has let nothing out. Where the caller has slept for less,
// but for a sixteenth, it gains an eighth; it loses one where the caller has not slept.
inline constexpr Duration kWindowPeriod = std::chrono::milliseconds(50);
inline constexpr Duration kWindowPeriodMax = std::chrono::seconds(1);
inline constexpr Duration kNotTriedFor = std::chrono::seconds(1);

// One server may have the questions of so many seconds at its pace on the way. A zone that its
// servers do not answer for is waited for kIdLife at most; so a third of the questions may be for
// such zones and none of the others waits for them.
inline constexpr double kServerWindow_s = 4;
inline constexpr std::size_t kServerWindowMin = 64;
// Waits for servers that are silent stand outside of the window, so that they hold up nobody else;
// there are at most so many as a share of the largest window.
inline constexpr std::size_t kOutsideShare = 4;

using ServerId = std::uint32_t;

// Names one attempt; stale ids are recognised by their generation.
struct AttemptId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
  [[nodiscard]] std::uint64_t packed() const { return (std::uint64_t{generation} << 32) | index; }
  static AttemptId unpack(std::uint64_t value) {
    return {static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
  }
};

// A datagram to send: `octets` bytes at `offset` of Outbox::bytes.
struct Datagram {
  std::uint32_t socket = 0;
  Endpoint to;
  std::uint32_t offset = 0;
  std::uint32_t octets = 0;
  AttemptId attempt;
};

// A question to send over TCP (without the two length octets); or, with no octets, an earlier one
// to give up.
struct TcpRequest {
  AttemptId attempt;
  Endpoint to;
  std::vector<std::uint8_t> message;
};

// A datagram that has come, and from whom. Borrows its octets.
struct Received {
  Endpoint from;
  wire::Bytes message;
};

// What the engine wants sent. Net takes everything after each turn and clears it.
struct Outbox {
  std::vector<Datagram> datagrams;
  std::vector<std::uint8_t> bytes;
  std::vector<TcpRequest> tcp;
  void clear() {
    datagrams.clear();
    bytes.clear();
    tcp.clear();
  }
};

// What an owner needs to know of an attempt, for its decisions and as evidence.
struct AttemptInfo {
  ServerId server = 0;
  wire::Query query;
  bool tcp = false;
  bool sent = false;
  Instant sent_at{};
  bool saw_case_mismatch = false;      // from the right address with the right id
  bool saw_question_mismatch = false;  // likewise, another question or QR=0
};

// Told what became of attempts. Calls may start and abandon attempts.
class ExchangeOwner {
 public:
  virtual ~ExchangeOwner() = default;
  // A reply that is believed. `info` and `message` are valid during the call; the attempt is over.
  virtual void on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                        Instant now) = 0;
  // The wait is over without a reply. The attempt stays live; `on_reply` may still come.
  virtual void on_wait_over(std::uint32_t owner, AttemptId attempt, const AttemptInfo& info,
                            Instant now) = 0;
  // The budget is there for an attempt that has waited for it. False: nobody needs it any more; it
  // is over, and nothing more is told of it. May neither start nor abandon attempts.
  virtual bool still_wants(std::uint32_t /*owner*/) { return true; }
  // The kernel would not send, or TCP failed. The attempt is over.
  virtual void on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) = 0;
  // A reply to this owner is about to come: its memory may be fetched. Changes nothing.
  virtual void prepare(std::uint32_t /*owner*/) const {}
};

struct ExchangeOptions {
  std::uint32_t sockets_v4 = 16;  // sockets 0..v4-1 are IPv4, the next v6 are IPv6
  std::uint32_t sockets_v6 = 16;
  // So many datagrams of one moment leave from one socket that is drawn for them. Above 1 only
  // where no server sees what others are asked: a server tells whoever runs it our port.
  std::uint32_t datagrams_per_port = 1;
  // Questions on the way for which there is room: at first, and at most.
  std::size_t window_start = 20000;
  std::size_t window_max = 20000;
  // Each server has a window of its own, and silent ones are outside of the common one. Not for
  // resolvers: whom they wait for is not their fault.
  bool window_per_server = false;
};

class Exchanges {
 public:
  // Borrows everything. One thread.
  Exchanges(const ExchangeOptions& options, Random& random, ScanCounts& counts);
  // Before the first `start`: whom to tell. Borrowed.
  void set_owner(ExchangeOwner& owner) { owner_ = &owner; }
  // Who is told of class CH attempts. Borrowed.
  void set_chaos_owner(ExchangeOwner& owner) { chaos_owner_ = &owner; }
  [[nodiscard]] std::optional<ServerId> find_server(const Endpoint& endpoint) const {
    const auto found = server_by_endpoint_.find(endpoint.text());
    return found == server_by_endpoint_.end() ? std::nullopt : std::optional(found->second);
  }

  // The server at `endpoint`, made on first use with these budgets (null: none). Budgets outlive
  // this.
  ServerId add_server(const Endpoint& endpoint, Budget* own, Budget* group, Budget* global);
  [[nodiscard]] const Endpoint& endpoint(ServerId server) const {
    return servers_[server].endpoint;
  }

  // Queues one attempt. `wait` (at most kAttemptWaitMax) runs from the send, not from now.
  AttemptId start(ServerId server, wire::Query query, Duration wait, bool tcp, std::uint32_t owner);
  // An attempt that was sent and may still be answered; null where there is none. Valid until the
  // next call.
  [[nodiscard]] const AttemptInfo* find_sent(AttemptId attempt);
  // The wait of such an attempt over UDP, which was over, goes on until `until`, at most
  // kAttemptWaitMax after it was sent; then on_wait_over comes again. False, and nothing changes,
  // where it is not over yet.
  bool listen_on(AttemptId attempt, Instant until);
  // The owner has lost interest: no more calls about this attempt. Stale ids are ignored.
  void abandon(AttemptId attempt);

  void on_datagram(std::uint32_t socket, const Endpoint& from, wire::Bytes message, Instant now);
  // The same for each of several that have come over one socket. What they are about lies scattered
  // in memory, so it is asked for some of them ahead.
  void on_datagrams(std::uint32_t socket, std::span<const Received> received, Instant now);
  void on_tcp_message(AttemptId attempt, wire::Bytes message, Instant now);
  // The kernel refused a datagram for good, or a TCP connection failed.
  void on_send_failed(AttemptId attempt, Instant now);

  // A receive buffer of this machine has run over since the last call.
  void on_own_loss(Instant now);
  // The caller has slept for so long, with nothing else to do.
  void on_slept(Duration slept) {
    slept_ += slept;
    if (!has_room()) slept_without_room_ += slept;
  }

  // Ends waits and quarantines, then sends whatever the budgets grant.
  void advance(Instant now);
  [[nodiscard]] Instant next_wake() const;
  [[nodiscard]] Outbox& outbox() { return outbox_; }
  [[nodiscard]] std::size_t live() const { return live_; }  // queued or sent, not over
  [[nodiscard]] std::size_t queued() const { return queued_; }
  // Who waits for which budget: of a server's own and that of its limit group.
  [[nodiscard]] Lines& lines() { return lines_; }
  [[nodiscard]] const Lines& lines() const { return lines_; }
  [[nodiscard]] const std::array<LineId, 2>& lines_of(ServerId server) const {
    return server_lines_[server];
  }
  // The first server of a line's budget, and whether the budget is a limit group's.
  [[nodiscard]] std::pair<ServerId, bool> line_begins_at(LineId line) const {
    return line_begins_at_[line];
  }
  [[nodiscard]] std::size_t waiting(ServerId server) const {
    const LineId own = server_lines_[server][0];
    return own == kNoLine ? 0 : lines_.waiting(own);
  }
  // Questions whose wait runs, and those that no budget has held back yet.
  [[nodiscard]] std::size_t on_the_way() const { return waits_running_ + started_; }
  [[nodiscard]] bool has_room() const { return on_the_way() < window_; }
  [[nodiscard]] std::size_t window() const { return window_; }
  // Whether the server has answered nothing for a while, whoever asked.
  [[nodiscard]] bool is_silent(ServerId server) const {
    return options_.window_per_server && servers_[server].pace.is_silent();
  }
  // A question may be put to a server again because it did not answer. `on_repeat`: it will be.
  [[nodiscard]] bool may_repeat(ServerId server) const {
    return servers_[server].pace.may_repeat();
  }
  void on_repeat(ServerId server) {
    servers_[server].pace.on_repeat();
    ++counts_.queries_repeated;
  }
  // The share of its cap at which the server is asked now.
  [[nodiscard]] double share(ServerId server) const { return servers_[server].pace.share(); }

 private:
  enum class State : std::uint8_t { kFree, kQueued, kLive };
  struct Entry {
    State state = State::kFree;
    std::uint32_t owner = 0;
    std::uint32_t socket = 0;
    std::uint16_t id = 0;
    bool wait_over = false;
    bool listened_on = false;
    bool outside = false;  // of the window, while its wait runs
    std::uint8_t voids = 0;
    Duration wait{};
    AttemptInfo info;
  };
  struct Server {
    Endpoint endpoint;
    std::array<Budget*, 3> budgets{};
    ServerPace pace;
    std::deque<AttemptId> queue;
    std::uint32_t waits = 0;  // that run
    bool scheduled = false;   // in runnable_ or wakes_, or held back
    bool held_back = false;   // until one of its own waits is over
  };
  struct Wake {
    Instant at;
    ServerId server;
    friend bool operator>(const Wake& a, const Wake& b) {
      return a.at != b.at ? a.at > b.at : a.server > b.server;
    }
  };
  struct Quarantined {
    Instant until;
    std::uint32_t socket;
    std::uint16_t id;
  };
  // The socket that is drawn from now on for the rest of a burst, for each family.
  struct Burst {
    Instant at{};
    std::uint32_t socket = 0;
    std::uint32_t left = 0;
  };
  static constexpr std::uint32_t kSlotFree = 0;
  static constexpr std::uint32_t kSlotQuarantined = 1;
  static constexpr std::uint32_t kSlotFirst = 2;  // slot value - kSlotFirst = index of the entry

  Entry* find(AttemptId attempt);
  LineId line_of(const Budget* budget, ServerId server, bool is_group);
  void leave_queue(const Entry& entry);
  void enqueue(AttemptId attempt, ServerId server);
  void ask_again(AttemptId attempt, Entry& entry);
  void fit_window(Instant now);
  void look_ahead(std::uint32_t socket, std::span<const Received> received) const;
  bool send(AttemptId attempt, Entry& entry, Instant now);
  bool draw_slot(Entry& entry, Instant now);
  void release(Entry& entry, std::uint32_t index);
  void drain(ServerId server, Instant now);
  [[nodiscard]] bool hold_back(ServerId server);
  void let_go(ServerId server);
  [[nodiscard]] std::size_t room_outside() const;
  void begin_wait(AttemptId attempt, Entry& entry, Instant until);
  void end_wait(Entry& entry);
  void deliver(Entry& entry, std::uint32_t index, wire::Bytes message, Instant now);

  ExchangeOptions options_;
  Random& random_;
  [[nodiscard]] ExchangeOwner& owner_of(const AttemptInfo& info) const {
    return info.query.chaos ? *chaos_owner_ : *owner_;
  }

  ExchangeOwner* owner_ = nullptr;
  ExchangeOwner* chaos_owner_ = nullptr;
  ScanCounts& counts_;
  std::deque<Server> servers_;
  Lines lines_;
  std::vector<std::array<LineId, 2>> server_lines_;
  std::vector<std::pair<ServerId, bool>> line_begins_at_;
  std::unordered_map<const Budget*, LineId> line_by_budget_;
  std::unordered_map<std::string, ServerId> server_by_endpoint_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> generations_;  // by entry; looked at for each wait, most are over
  std::vector<std::uint32_t> free_;
  std::vector<std::vector<std::uint32_t>> slots_;  // [socket][id]
  std::vector<std::uint32_t> slots_used_;          // by socket
  std::array<Burst, 2> bursts_;                    // IPv4, IPv6
  std::deque<Quarantined> quarantine_;             // by time of sending, so by `until`
  std::unique_ptr<TimerWheel> waits_ = std::make_unique<TimerWheel>();
  std::vector<std::uint64_t> due_;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;
  std::vector<ServerId> runnable_;
  std::deque<ServerId> held_outside_;  // silent servers, until there is a place outside
  std::size_t live_ = 0;
  std::size_t queued_ = 0;
  std::size_t waits_running_ = 0;  // within the window
  std::size_t waits_outside_ = 0;
  std::size_t started_ = 0;  // since budgets were last asked
  std::size_t window_;
  // Of our own losses: the last one, when the window was last halved, and when it doubles.
  std::optional<Instant> lost_at_, halved_at_;
  Instant doubles_at_ = kNever;
  Instant period_began_{};
  Duration period_ = kWindowPeriod;
  Duration slept_{}, slept_without_room_{};  // since then
  std::uint64_t replies_before_ = 0;         // at that time
  std::optional<double> rate_before_;        // replies a second, where the window has just doubled
  Instant next_try_{};
  Outbox outbox_;
};

}  // namespace caascan::engine
