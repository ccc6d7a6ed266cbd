#include "scanner/engine/exchanges.h"

#include <algorithm>
#include <utility>

#include "ingest/assert.h"

namespace caascan::engine {
namespace {

// What a server says to those who ask too much; also to others.
bool pushes_back(wire::Bytes message) {
  const auto header = wire::read_header(message);
  if (!header) return false;
  if (header->tc) return header->ancount == 0;
  return header->rcode == static_cast<std::uint8_t>(wire::Rcode::kRefused) ||
         header->rcode == static_cast<std::uint8_t>(wire::Rcode::kServFail);
}

}  // namespace

Exchanges::Exchanges(const ExchangeOptions& options, Random& random, ScanCounts& counts)
    : options_(options),
      random_(random),
      counts_(counts),
      window_(std::min(options.window_start, options.window_max)) {
  const std::uint32_t sockets = options.sockets_v4 + options.sockets_v6;
  slots_.resize(sockets);
  slots_used_.resize(sockets);
}

ServerId Exchanges::add_server(const Endpoint& endpoint, Budget* own, Budget* group,
                               Budget* global) {
  const auto [at, added] =
      server_by_endpoint_.try_emplace(endpoint.text(), static_cast<ServerId>(servers_.size()));
  if (added) {
    Server& server = servers_.emplace_back();
    server.endpoint = endpoint;
    server.budgets = {own, group, global};
    server_lines_.push_back({line_of(own, at->second, false), line_of(group, at->second, true)});
  }
  return at->second;
}

LineId Exchanges::line_of(const Budget* budget, ServerId server, bool is_group) {
  if (budget == nullptr) return kNoLine;
  const auto found = line_by_budget_.find(budget);
  if (found != line_by_budget_.end()) return found->second;
  const LineId made = lines_.add(budget->rate_qps());
  line_begins_at_.emplace_back(server, is_group);
  line_by_budget_.emplace(budget, made);
  return made;
}

void Exchanges::leave_queue(const Entry& entry) {
  --queued_;
  for (const LineId line : server_lines_[entry.info.server]) lines_.leave(line);
}

AttemptId Exchanges::start(ServerId server, wire::Query query, Duration wait, bool tcp,
                           std::uint32_t owner) {
  CAASCAN_ASSERT(owner_ != nullptr && server < servers_.size() && wait <= kAttemptWaitMax);
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
    generations_.push_back(0);
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Entry& entry = entries_[index];
  entry.state = State::kQueued;
  entry.owner = owner;
  entry.wait = wait;
  entry.wait_over = entry.listened_on = false;
  entry.voids = 0;
  entry.info = AttemptInfo{.server = server, .query = std::move(query), .tcp = tcp};
  ++live_;
  const AttemptId attempt{index, generations_[index]};
  enqueue(attempt, server);
  return attempt;
}

void Exchanges::enqueue(AttemptId attempt, ServerId server) {
  ++queued_;
  ++started_;
  for (const LineId line : server_lines_[server]) lines_.join(line);
  Server& to = servers_[server];
  to.queue.push_back(attempt);
  if (!to.scheduled) {
    to.scheduled = true;
    runnable_.push_back(server);
  }
}

// The same attempt with another id. What comes for the old one is late.
void Exchanges::ask_again(AttemptId attempt, Entry& entry) {
  slots_[entry.socket][entry.id] = kSlotQuarantined;
  entry.state = State::kQueued;
  entry.info.sent = false;
  ++entry.voids;
  end_wait(entry);
  ++counts_.timeouts_voided;
  enqueue(attempt, entry.info.server);
}

void Exchanges::on_own_loss(Instant now) {
  lost_at_ = now;
  doubles_at_ = now + kSlowFor;
  if (halved_at_ && now - *halved_at_ < kHalvedAgainAfter) return;
  halved_at_ = now;
  window_ = std::max(std::min(kWindowMin, options_.window_max), window_ / 2);
}

Exchanges::Entry* Exchanges::find(AttemptId attempt) {
  if (attempt.index >= entries_.size() || generations_[attempt.index] != attempt.generation)
    return nullptr;
  Entry& entry = entries_[attempt.index];
  return entry.state != State::kFree ? &entry : nullptr;
}

void Exchanges::abandon(AttemptId attempt) {
  Entry* entry = find(attempt);
  if (entry == nullptr) return;
  if (entry->info.tcp && entry->info.sent) outbox_.tcp.push_back({attempt, {}, {}});
  release(*entry, attempt.index);
}

// The entry is free again; its id, if it has one, stays in quarantine until its time.
void Exchanges::release(Entry& entry, std::uint32_t index) {
  if (entry.state == State::kQueued) leave_queue(entry);
  if (entry.state == State::kLive && !entry.wait_over) end_wait(entry);
  if (entry.state == State::kLive && !entry.info.tcp) {
    CAASCAN_ASSERT(slots_[entry.socket][entry.id] == kSlotFirst + index);
    slots_[entry.socket][entry.id] = kSlotQuarantined;
  }
  entry.state = State::kFree;
  ++generations_[index];
  entry.info = AttemptInfo{};
  free_.push_back(index);
  --live_;
}

bool Exchanges::draw_slot(Entry& entry, Instant now) {
  const bool v6 = servers_[entry.info.server].endpoint.address.v6;
  const std::uint32_t sockets = v6 ? options_.sockets_v6 : options_.sockets_v4;
  if (sockets == 0) return false;
  Burst& burst = bursts_[v6 ? 1 : 0];
  if (burst.at != now) burst.left = 0;
  for (int draw = 0; draw < kIdDrawsMax; ++draw) {
    const std::uint64_t chance = random_.u64();
    const auto id = static_cast<std::uint16_t>(chance);
    if (burst.left == 0) {
      burst = {now,
               static_cast<std::uint32_t>(((chance >> 32) * sockets) >> 32) +
                   (v6 ? options_.sockets_v4 : 0),
               options_.datagrams_per_port};
    }
    const std::uint32_t socket = burst.socket;
    --burst.left;
    if (slots_[socket].empty()) slots_[socket].resize(65536, kSlotFree);
    if (slots_used_[socket] >= kIdsLiveMax) {
      burst.left = 0;
      continue;
    }
    if (slots_[socket][id] != kSlotFree) continue;
    entry.socket = socket;
    entry.id = id;
    return true;
  }
  return false;
}

bool Exchanges::send(AttemptId attempt, Entry& entry, Instant now) {
  const Endpoint& to = servers_[entry.info.server].endpoint;
  if (entry.info.tcp) {
    TcpRequest request{attempt, to, {}};
    wire::append_query(entry.info.query, static_cast<std::uint16_t>(random_.u64()),
                       request.message);
    outbox_.tcp.push_back(std::move(request));
    ++counts_.queries_tcp;
  } else {
    if (!draw_slot(entry, now)) return false;
    slots_[entry.socket][entry.id] = kSlotFirst + attempt.index;
    ++slots_used_[entry.socket];
    quarantine_.push_back({now + kIdLife, entry.socket, entry.id});
    const std::size_t offset = outbox_.bytes.size();
    wire::append_query(entry.info.query, entry.id, outbox_.bytes);
    outbox_.datagrams.push_back({entry.socket, to, static_cast<std::uint32_t>(offset),
                                 static_cast<std::uint32_t>(outbox_.bytes.size() - offset),
                                 attempt});
    ++counts_.queries_udp;
  }
  entry.state = State::kLive;
  entry.info.sent = true;
  entry.info.sent_at = now;
  leave_queue(entry);
  begin_wait(attempt, entry, now + entry.wait);
  return true;
}

void Exchanges::begin_wait(AttemptId attempt, Entry& entry, Instant until) {
  entry.wait_over = false;
  ++servers_[entry.info.server].waits;
  entry.outside = is_silent(entry.info.server);
  ++(entry.outside ? waits_outside_ : waits_running_);
  waits_->add(attempt.packed(), until);
}

const AttemptInfo* Exchanges::find_sent(AttemptId attempt) {
  const Entry* entry = find(attempt);
  return entry != nullptr && entry->state == State::kLive ? &entry->info : nullptr;
}

bool Exchanges::listen_on(AttemptId attempt, Instant until) {
  Entry* entry = find(attempt);
  CAASCAN_ASSERT(entry != nullptr && entry->state == State::kLive &&
                 until <= entry->info.sent_at + kAttemptWaitMax);
  if (!entry->wait_over) return false;
  entry->listened_on = true;
  begin_wait(attempt, *entry, until);
  return true;
}

void Exchanges::end_wait(Entry& entry) {
  --(entry.outside ? waits_outside_ : waits_running_);
  Server& server = servers_[entry.info.server];
  --server.waits;
  if (server.held_back) {
    server.held_back = false;
    let_go(entry.info.server);
  }
}

// The places outside of the window that are free, for one question of a server each.
std::size_t Exchanges::room_outside() const {
  const std::size_t places = std::max<std::size_t>(options_.window_max / kOutsideShare, 1);
  return places - std::min(places, waits_outside_);
}

// True where the server has all the questions on the way that it may have.
bool Exchanges::hold_back(ServerId id) {
  if (!options_.window_per_server) return false;
  Server& server = servers_[id];
  const Budget* own = server.budgets[0];
  if (own != nullptr && server.waits >= kServerWindowMin &&
      server.waits >= own->rate_qps() * server.pace.share() * kServerWindow_s) {
    server.held_back = true;
  } else if (server.pace.is_silent() && room_outside() == 0) {
    held_outside_.push_back(id);
  } else {
    return false;
  }
  server.scheduled = true;
  lines_.sleep(server_lines_[id][0]);
  return true;
}

void Exchanges::let_go(ServerId id) {
  lines_.wake(server_lines_[id][0]);
  runnable_.push_back(id);
}

// Sends from one server's queue until it is empty or a budget refuses; then sleeps until that
// budget grants.
void Exchanges::drain(ServerId id, Instant now) {
  Server& server = servers_[id];
  server.scheduled = false;
  while (!server.queue.empty()) {
    Entry* entry = find(server.queue.front());
    if (entry == nullptr || entry->state != State::kQueued) {
      server.queue.pop_front();
      continue;
    }
    if (!owner_of(entry->info).still_wants(entry->owner)) {
      release(*entry, server.queue.front().index);
      server.queue.pop_front();
      continue;
    }
    if (hold_back(id)) return;
    const Budget* own = server.budgets[0];
    Instant granted = own == nullptr ? Instant{} : server.pace.next_send(own->interval());
    if (granted <= now) granted = take_all(server.budgets, now);
    if (granted <= now && !send(server.queue.front(), *entry, now)) {
      // Every id that was drawn is in use: try again when the wheel has turned.
      for (Budget* budget : server.budgets) {
        if (budget != nullptr) budget->give_back();
      }
      granted = now + TimerWheel::kTick;
    }
    if (granted > now) {
      server.scheduled = true;
      wakes_.push({granted, id});
      for (const LineId line : server_lines_[id]) lines_.sleep(line);
      return;
    }
    server.pace.on_send(now);
    server.queue.pop_front();
  }
}

void Exchanges::deliver(Entry& entry, std::uint32_t index, wire::Bytes message, Instant now) {
  ++counts_.replies;
  servers_[entry.info.server].pace.on_reply(pushes_back(message), now);
  const AttemptInfo info = std::move(entry.info);
  const std::uint32_t owner = entry.owner;
  entry.info.tcp = info.tcp;  // `release` looks at these
  entry.info.server = info.server;
  release(entry, index);
  owner_of(info).on_reply(owner, info, message, now);
}

void Exchanges::on_datagram(std::uint32_t socket, const Endpoint& from, wire::Bytes message,
                            Instant now) {
  const std::optional<wire::Header> header = wire::read_header(message);
  if (!header || socket >= slots_.size()) {
    ++counts_.mismatch_short;
    return;
  }
  const std::uint32_t slot = slots_[socket].empty() ? kSlotFree : slots_[socket][header->id];
  if (slot == kSlotFree) {
    ++counts_.mismatch_id;
    return;
  }
  if (slot == kSlotQuarantined) {
    ++counts_.late;
    return;
  }
  const std::uint32_t index = slot - kSlotFirst;
  Entry& entry = entries_[index];
  if (from != servers_[entry.info.server].endpoint) {
    ++counts_.mismatch_address;
    return;
  }
  const wire::Match match = wire::match_reply(entry.info.query, message);
  if (match == wire::Match::kReply) {
    deliver(entry, index, message, now);
    return;
  }
  servers_[entry.info.server].pace.on_sign_of_life();
  switch (match) {
    case wire::Match::kReply:
      return;
    case wire::Match::kShort:
      ++counts_.mismatch_short;
      entry.info.saw_question_mismatch = true;
      return;
    case wire::Match::kNotReply:
      ++counts_.mismatch_not_reply;
      entry.info.saw_question_mismatch = true;
      return;
    case wire::Match::kQuestion:
      ++counts_.mismatch_question;
      entry.info.saw_question_mismatch = true;
      return;
    case wire::Match::kCase:
      ++counts_.mismatch_case;
      entry.info.saw_case_mismatch = true;
      return;
  }
}

// In three steps over all of them: the place of the id, the entry that stands there, what its owner
// has. Each needs what the one before has fetched.
void Exchanges::look_ahead(std::uint32_t socket, std::span<const Received> received) const {
  constexpr std::size_t kLineOctets = 64;
  const std::vector<std::uint32_t>& slots = slots_[socket];
  const auto slot_of = [&](const Received& one) -> const std::uint32_t* {
    if (one.message.size() < 2) return nullptr;
    return &slots[static_cast<std::size_t>(one.message[0] << 8 | one.message[1])];
  };
  for (const Received& one : received) {
    if (const std::uint32_t* slot = slot_of(one)) __builtin_prefetch(slot);
  }
  for (const Received& one : received) {
    const std::uint32_t* slot = slot_of(one);
    if (slot == nullptr || *slot < kSlotFirst) continue;
    const auto* entry = reinterpret_cast<const char*>(&entries_[*slot - kSlotFirst]);
    for (std::size_t at = 0; at < sizeof(Entry); at += kLineOctets) __builtin_prefetch(entry + at);
  }
  for (const Received& one : received) {
    const std::uint32_t* slot = slot_of(one);
    if (slot == nullptr || *slot < kSlotFirst) continue;
    const Entry& entry = entries_[*slot - kSlotFirst];
    owner_of(entry.info).prepare(entry.owner);
  }
}

void Exchanges::on_datagrams(std::uint32_t socket, std::span<const Received> received,
                             Instant now) {
  constexpr std::size_t kAhead = 16;
  while (!received.empty()) {
    const std::span<const Received> some = received.first(std::min(kAhead, received.size()));
    received = received.subspan(some.size());
    if (some.size() > 1 && socket < slots_.size() && !slots_[socket].empty())
      look_ahead(socket, some);
    for (const Received& one : some) on_datagram(socket, one.from, one.message, now);
  }
}

void Exchanges::on_tcp_message(AttemptId attempt, wire::Bytes message, Instant now) {
  Entry* entry = find(attempt);
  if (entry == nullptr) {
    ++counts_.late;
    return;
  }
  // One question on a connection of its own: any reply to another question is the end of it.
  if (wire::match_reply(entry->info.query, message) != wire::Match::kReply) {
    ++counts_.mismatch_question;
    entry->info.saw_question_mismatch = true;
    on_send_failed(attempt, now);
    return;
  }
  deliver(*entry, attempt.index, message, now);
}

void Exchanges::on_send_failed(AttemptId attempt, Instant now) {
  Entry* entry = find(attempt);
  if (entry == nullptr) return;
  const AttemptInfo info = std::move(entry->info);
  const std::uint32_t owner = entry->owner;
  entry->info.tcp = info.tcp;
  entry->info.server = info.server;
  release(*entry, attempt.index);
  owner_of(info).on_failed(owner, info, now);
}

void Exchanges::fit_window(Instant now) {
  const std::size_t start = std::min(options_.window_start, options_.window_max);
  if (now >= doubles_at_) {
    window_ = std::min(window_ * 2, options_.window_max);
    doubles_at_ = window_ >= start ? kNever : now + kSlowFor;
  }
  const Duration passed = now - period_began_;
  if (passed < period_) return;
  period_ = kWindowPeriod;
  const double rate = static_cast<double>(counts_.replies - replies_before_) /
                      std::chrono::duration<double>(passed).count();
  if (rate_before_ && rate < *rate_before_ * 1.1) {
    window_ = std::max(std::min(window_, start), window_ / 2);
    next_try_ = now + kNotTriedFor;
  }
  rate_before_.reset();
  // While it recovers from a loss, it does only that.
  if (doubles_at_ == kNever) {
    if (slept_without_room_ * 4 >= passed) {
      if (now >= next_try_ && window_ < options_.window_max) {
        window_ = std::min(window_ * 2, options_.window_max);
        if (rate > 0 && on_the_way() < window_) {
          rate_before_ = rate;
          const double twice_s = 2 * static_cast<double>(on_the_way()) / rate;
          period_ = std::max(kWindowPeriod, std::chrono::duration_cast<Duration>(std::min(
                                                std::chrono::duration<double>(twice_s),
                                                std::chrono::duration<double>(kWindowPeriodMax))));
        }
      }
    } else if (slept_without_room_ * 16 >= passed) {
      window_ = std::min(window_ + window_ / 8, options_.window_max);
    } else if (slept_ == Duration{}) {
      window_ = std::max(std::min(window_, start), window_ - window_ / 8);
    }
  }
  replies_before_ = counts_.replies;
  period_began_ = now;
  slept_ = slept_without_room_ = {};
}

void Exchanges::advance(Instant now) {
  fit_window(now);
  due_.clear();
  waits_->expire(now, due_);
  for (std::size_t i = 0; i < due_.size(); ++i) {
    const AttemptId attempt = AttemptId::unpack(due_[i]);
    Entry* entry = find(attempt);
    if (entry == nullptr || entry->wait_over || entry->state != State::kLive) continue;
    if (lost_at_ && entry->info.sent_at <= *lost_at_ && !entry->info.tcp &&
        entry->voids < kVoidsMax) {
      ask_again(attempt, *entry);
      continue;
    }
    entry->wait_over = true;
    end_wait(*entry);
    if (!entry->listened_on) {
      ++counts_.timeouts;
      servers_[entry->info.server].pace.on_silence(now);
    }
    const AttemptInfo info = entry->info;
    if (info.tcp) outbox_.tcp.push_back({attempt, {}, {}});
    const std::uint32_t owner = entry->owner;
    if (info.tcp) release(*entry, attempt.index);
    owner_of(info).on_wait_over(owner, attempt, info, now);
  }
  while (!quarantine_.empty() && quarantine_.front().until <= now) {
    const Quarantined& old = quarantine_.front();
    std::uint32_t& slot = slots_[old.socket][old.id];
    if (slot >= kSlotFirst) {
      // Nobody waited for it any more, nor gave it up: the end of its life does that.
      const std::uint32_t index = slot - kSlotFirst;
      CAASCAN_ASSERT(entries_[index].wait_over);
      release(entries_[index], index);
    }
    slot = kSlotFree;
    --slots_used_[old.socket];
    quarantine_.pop_front();
  }
  while (!wakes_.empty() && wakes_.top().at <= now) {
    const ServerId server = wakes_.top().server;
    wakes_.pop();
    for (const LineId line : server_lines_[server]) lines_.wake(line);
    runnable_.push_back(server);
  }
  for (std::size_t room = room_outside(); room > 0 && !held_outside_.empty(); --room) {
    let_go(held_outside_.front());
    held_outside_.pop_front();
  }
  for (std::size_t i = 0; i < runnable_.size(); ++i) drain(runnable_[i], now);
  runnable_.clear();
  started_ = 0;  // what is still queued now waits for a budget
}

Instant Exchanges::next_wake() const {
  Instant at = waits_->next();
  if (!runnable_.empty() || (!held_outside_.empty() && room_outside() > 0)) return Instant{};
  if (!wakes_.empty()) at = std::min(at, wakes_.top().at);
  if (!quarantine_.empty() && queued_ > 0) at = std::min(at, quarantine_.front().until);
  return at;
}

}  // namespace caascan::engine
