#include "tests/sim/sim_world.h"

#include <algorithm>

namespace caascan::sim {
namespace {

void put16(std::vector<std::uint8_t>& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace

std::uint64_t SeededEntropy::next() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

void SeededEntropy::fill(std::span<std::uint8_t> out) {
  for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(next());
}

void PutAwayInMemory::put(LineId line, NamePutAway&& name) {
  lines_[line].push_back(std::move(name));
  most_ = std::max(most_, ++now_);
}

void PutAwayInMemory::take(LineId line, std::size_t names_max, std::vector<NamePutAway>& out) {
  std::deque<NamePutAway>& names = lines_[line];
  for (; names_max > 0 && !names.empty(); --names_max) {
    out.push_back(std::move(names.front()));
    names.pop_front();
    --now_;
  }
}

bool SimWorld::happens(double probability) {
  return probability > 0 && static_cast<double>(chance_.next() >> 11) * 0x1.0p-53 < probability;
}

void SimWorld::put_on_wire(SeenQuery query) {
  seen_.push_back(query);
  if (!query.tcp && happens(faults_.loss)) return;
  for (Reply& reply : responder_(query)) {
    const int copies = !reply.tcp && happens(faults_.duplicate) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      if (!reply.tcp && happens(faults_.loss)) continue;
      engine::Duration delay = reply.delay;
      if (faults_.jitter_max.count() > 0) {
        delay += engine::Duration(static_cast<std::int64_t>(
            chance_.next() % static_cast<std::uint64_t>(faults_.jitter_max.count())));
      }
      arrivals_.push({now_ + delay, order_++, query, reply});
    }
  }
}

void SimWorld::take_outbox(engine::Engine& engine) {
  engine::Outbox& outbox = engine.outbox();
  std::vector<SeenQuery> queries;
  for (const engine::Datagram& datagram : outbox.datagrams) {
    SeenQuery query{now_, datagram.socket, datagram.to, false, datagram.attempt, {}, {}, {}};
    query.bytes.assign(outbox.bytes.begin() + datagram.offset,
                       outbox.bytes.begin() + datagram.offset + datagram.octets);
    queries.push_back(std::move(query));
  }
  for (const engine::TcpRequest& request : outbox.tcp) {
    if (request.message.empty()) continue;
    queries.push_back({now_, 0, request.to, true, request.attempt, request.message, {}, {}});
  }
  outbox.clear();
  for (SeenQuery& query : queries) {
    wire::Cursor cursor(query.bytes, wire::kHeaderOctets);
    query.name = wire::DnsName::read(cursor).text();
    query.type = static_cast<wire::RecordType>(cursor.u16());
    put_on_wire(std::move(query));
  }
}

bool SimWorld::run(engine::Engine& engine, std::vector<DomainName> names, engine::Duration limit) {
  std::deque<DomainName> left(std::make_move_iterator(names.begin()),
                              std::make_move_iterator(names.end()));
  const engine::Instant end = now_ + limit;
  NameNumber number = 0;
  while (true) {
    while (!left.empty() && engine.wants_names()) {
      engine.add_name(std::move(left.front()), number++, now_);
      left.pop_front();
    }
    engine.advance(now_);
    take_outbox(engine);
    for (engine::Verdict& verdict : engine.take_verdicts()) verdicts_.push_back(std::move(verdict));
    if (left.empty() && engine.idle()) return true;
    engine::Instant next = engine.next_wake();
    if (!left.empty() && engine.wants_names()) next = now_;
    if (!arrivals_.empty()) next = std::min(next, arrivals_.top().at);
    if (next == engine::kNever || next > end) return false;
    now_ = std::max(now_, next);
    deliver_arrivals(engine);
  }
}

void SimWorld::deliver_arrivals(engine::Engine& engine) {
  while (!arrivals_.empty() && arrivals_.top().at <= now_) {
    const Arrival arrival = arrivals_.top();
    arrivals_.pop();
    if (!arrival.reply.tcp) {
      engine.on_datagram(arrival.query.socket, arrival.reply.from, arrival.reply.bytes, now_);
    } else if (arrival.reply.bytes.empty()) {
      engine.on_send_failed(arrival.query.attempt, now_);
    } else {
      engine.on_tcp_message(arrival.query.attempt, arrival.reply.bytes, now_);
    }
  }
}

bool SimWorld::settle(engine::Engine& engine, engine::Duration limit) {
  const engine::Instant end = now_ + limit;
  while (true) {
    engine.advance(now_);
    take_outbox(engine);
    engine::Instant next = engine.next_wake();
    if (!arrivals_.empty()) next = std::min(next, arrivals_.top().at);
    if (next == engine::kNever) return true;
    if (next > end) return false;
    now_ = std::max(now_, next);
    deliver_arrivals(engine);
  }
}

std::size_t SimWorld::busiest_second(const engine::Endpoint& to) const {
  std::deque<engine::Instant> window;
  std::size_t most = 0;
  for (const SeenQuery& query : seen_) {
    if (query.to != to) continue;
    while (!window.empty() && query.at - window.front() >= std::chrono::seconds(1))
      window.pop_front();
    window.push_back(query.at);
    most = std::max(most, window.size());
  }
  return most;
}

std::vector<std::uint8_t> make_reply(const SeenQuery& query, wire::Rcode rcode, bool tc) {
  std::vector<std::uint8_t> reply(query.bytes.begin(), query.bytes.begin() + 2);
  put16(reply, 0x8180u | (tc ? 0x0200u : 0u) | static_cast<unsigned>(rcode));
  put16(reply, 1);
  put16(reply, 0);
  put16(reply, 0);
  put16(reply, 0);
  wire::Cursor cursor(query.bytes, wire::kHeaderOctets);
  wire::skip_name(cursor);
  cursor.skip(4);
  reply.insert(reply.end(), query.bytes.begin() + static_cast<std::ptrdiff_t>(wire::kHeaderOctets),
               query.bytes.begin() + static_cast<std::ptrdiff_t>(cursor.offset()));
  return reply;
}

void add_record(std::vector<std::uint8_t>& reply, wire::Section section, std::string_view owner,
                wire::RecordType type, const std::vector<std::uint8_t>& rdata) {
  const std::size_t count_at = 6 + 2 * static_cast<std::size_t>(section);
  const unsigned count = (static_cast<unsigned>(reply[count_at]) << 8 | reply[count_at + 1]) + 1;
  reply[count_at] = static_cast<std::uint8_t>(count >> 8);
  reply[count_at + 1] = static_cast<std::uint8_t>(count);
  if (owner.empty()) {
    put16(reply, 0xC00C);
  } else {
    const std::vector<std::uint8_t> name = name_data(owner);
    reply.insert(reply.end(), name.begin(), name.end());
  }
  put16(reply, static_cast<unsigned>(type));
  put16(reply, 1);
  put16(reply, 0);
  put16(reply, 300);
  put16(reply, static_cast<unsigned>(rdata.size()));
  reply.insert(reply.end(), rdata.begin(), rdata.end());
}

std::vector<std::uint8_t> name_data(std::string_view name) {
  const std::optional<wire::DnsName> parsed = wire::DnsName::from_text(name);
  return {parsed->wire().begin(), parsed->wire().end()};
}

std::vector<std::uint8_t> soa_data(std::string_view contact) {
  std::vector<std::uint8_t> data = name_data("ns.invalid.example");
  const std::vector<std::uint8_t> mail = name_data(contact);
  data.insert(data.end(), mail.begin(), mail.end());
  for (int field = 0; field < 5; ++field) {
    put16(data, 0);
    put16(data, 300);
  }
  return data;
}

std::vector<std::uint8_t> caa_data(std::string_view issuer) {
  std::vector<std::uint8_t> data = {0, 5, 'i', 's', 's', 'u', 'e'};
  data.insert(data.end(), issuer.begin(), issuer.end());
  return data;
}

const NameRule* RuleResolver::find(const std::string& name) const {
  std::string at = name;
  while (true) {
    if (const auto found = rules_.find(at); found != rules_.end()) return &found->second;
    const std::size_t dot = at.find('.');
    if (dot == std::string::npos) return nullptr;
    at = at.substr(dot + 1);
  }
}

std::vector<Reply> RuleResolver::answer(const SeenQuery& query) const {
  const NameRule* rule = find(query.name);
  static const NameRule plain;
  if (rule == nullptr) rule = &plain;
  const bool caa = query.type == wire::RecordType::kCaa;
  NameRule::Kind kind = rule->kind;
  if (!caa && (rule->caa_only || kind == NameRule::Kind::kCaa)) kind = NameRule::Kind::kEmpty;
  const std::string zone = rule->zone.empty() ? "com" : rule->zone;
  switch (kind) {
    case NameRule::Kind::kSilent:
      return {};
    case NameRule::Kind::kServfail:
      return {reply(query, make_reply(query, wire::Rcode::kServFail))};
    case NameRule::Kind::kRefused:
      return {reply(query, make_reply(query, wire::Rcode::kRefused))};
    case NameRule::Kind::kTruncated:
      if (!query.tcp) return {reply(query, make_reply(query, wire::Rcode::kNoError, true))};
      break;
    case NameRule::Kind::kNxDomain:
    case NameRule::Kind::kEmpty:
    case NameRule::Kind::kCaa:
      break;
  }
  std::vector<std::uint8_t> bytes = make_reply(
      query, kind == NameRule::Kind::kNxDomain ? wire::Rcode::kNxDomain : wire::Rcode::kNoError);
  if (!rule->alias.empty() && query.type != wire::RecordType::kNs && find(query.name) == rule) {
    add_record(bytes, wire::Section::kAnswer, "", wire::RecordType::kCname, name_data(rule->alias));
    return {reply(query, std::move(bytes))};
  }
  if (caa && (kind == NameRule::Kind::kCaa || kind == NameRule::Kind::kTruncated)) {
    add_record(bytes, wire::Section::kAnswer, "", wire::RecordType::kCaa,
               caa_data("letsencrypt.org"));
  } else if (query.type == wire::RecordType::kNs && query.name == zone) {
    for (const std::string& nameserver : rule->nameservers) {
      add_record(bytes, wire::Section::kAnswer, "", wire::RecordType::kNs, name_data(nameserver));
    }
  } else if (query.type == wire::RecordType::kSoa && query.name == zone) {
    add_record(bytes, wire::Section::kAnswer, "", wire::RecordType::kSoa,
               soa_data("hostmaster." + zone));
  } else {
    add_record(bytes, wire::Section::kAuthority, zone, wire::RecordType::kSoa,
               soa_data("hostmaster." + zone));
  }
  return {reply(query, std::move(bytes))};
}

}  // namespace caascan::sim
