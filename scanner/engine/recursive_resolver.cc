#include "scanner/engine/recursive_resolver.h"

#include <algorithm>
#include <chrono>

#include "ingest/assert.h"

namespace caascan::engine {
namespace {

// What one cached entry costs with its question, map node and list links; names are short.
constexpr std::size_t kEntryBytes = 640;

bool is_silence(Cause cause) {
  return cause == Cause::kTimeout || cause == Cause::kUnreachable;
}

Cause cause_of_rcode(std::uint8_t rcode) {
  switch (static_cast<wire::Rcode>(rcode)) {
    case wire::Rcode::kServFail:
      return Cause::kServfail;
    case wire::Rcode::kRefused:
      return Cause::kRefused;
    case wire::Rcode::kNotImp:
      return Cause::kNotimp;
    case wire::Rcode::kFormErr:
      return Cause::kFormerr;
    default:
      return Cause::kOtherRcode;
  }
}

// Keeps the names that zone and alias decisions need. A record that ldns cannot read is left out:
// Unbound has already judged the answer, and record data does not change the verdict.
std::vector<KeptRecord> keep_records(const wire::MessageView& view) {
  std::vector<KeptRecord> kept;
  for (const wire::RecordView& record : view.records()) {
    if (record.section == wire::Section::kAdditional) continue;
    const auto type = static_cast<wire::RecordType>(record.type);
    const bool named = type == wire::RecordType::kNs || type == wire::RecordType::kCname ||
                       type == wire::RecordType::kDname;
    if (!named && type != wire::RecordType::kSoa) continue;
    auto owner = view.owner(record);
    if (!owner) continue;
    KeptRecord keep{record.section, type, std::move(*owner), {}, {}};
    if (named) {
      auto target = view.target(record);
      if (!target) continue;
      keep.target = std::move(*target);
    } else {
      auto soa = view.soa(record);
      if (!soa) continue;
      keep.contact = std::move(soa->contact);
    }
    kept.push_back(std::move(keep));
  }
  return kept;
}

}  // namespace

RecursiveResolver::RecursiveResolver(const RecursiveResolverOptions& options, Random& random,
                                     ResolutionSink& sink)
    : options_(options), random_(random), sink_(sink) {
  CAASCAN_ASSERT(!options_.resolvers.empty());
}

void RecursiveResolver::ask(const Question& question, Instant fresh_after, std::uint8_t round,
                            Waiter waiter, Instant now) {
  std::uint32_t index = kNone;
  if (const auto found = by_question_.find(question); found != by_question_.end()) {
    index = found->second;
    Entry& entry = entries_[index];
    const bool stale = entry.resolution.failed
                           ? entry.resolution.started < fresh_after ||
                                 now - entry.resolution.finished > options_.success_ttl
                           : entry.done && now - entry.resolution.finished > options_.success_ttl;
    if ((entry.done && stale) || (!entry.done && entry.resolution.started < fresh_after)) {
      // A failure from before, or a question still under way that was asked too early to confirm
      // one.
      by_question_.erase(found);
      entry.cached = false;
      if (entry.done) {
        unlink(index);
        forget(index);
      }
      index = kNone;
    }
  }
  if (index == kNone) {
    index = make(question, round, now);
    entries_[index].waiters.push_back(waiter);
    send_next(index);
    return;
  }
  Entry& entry = entries_[index];
  if (!entry.done) {
    entry.waiters.push_back(waiter);
    return;
  }
  unlink(index);
  link_newest(index);
  ++entry.pins;
  completed_.push_back({index, waiter});
}

std::uint32_t RecursiveResolver::make(const Question& question, std::uint8_t round, Instant now) {
  std::uint32_t index = 0;
  if (free_.empty()) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
    entries_[index] = Entry{};
  }
  Entry& entry = entries_[index];
  entry.question = question;
  entry.resolution.started = now;
  entry.round = round;
  entry.cached = true;
  entry.first_resolver = random_.below(static_cast<std::uint32_t>(options_.resolvers.size()));
  by_question_[question] = index;
  ++in_flight_;
  return index;
}

// The k-th send goes to the k-th resolver after the first one drawn, so each is tried before any is
// again.
void RecursiveResolver::send_next(std::uint32_t index) {
  Entry& entry = entries_[index];
  const std::size_t resolvers = options_.resolvers.size();
  const std::size_t turn = entry.sends / resolvers;
  const bool last =
      entry.sends + 1 == sends_max() || entry.waited + kSendWaits[turn] >= kResolutionTimeMax;
  Duration wait = last ? kResolutionTimeMax - entry.waited : kSendWaits[turn];
  wait = std::min(wait, kAttemptWaitMax);
  const ServerId server = options_.resolvers[(entry.first_resolver + entry.sends) % resolvers];
  ++entry.sends;
  wire::Query query;
  query.name = entry.question.name;
  query.type = entry.question.type;
  query.recursion_desired = true;
  if (!entry.lower_case) query.case_seed = random_.u64() | 1;
  entry.live.push_back(exchanges_->start(server, query, wait, /*tcp=*/false, index));
}

Attempt RecursiveResolver::evidence(const Entry& entry, const AttemptInfo& info,
                                    AttemptResult result, Instant now) const {
  const Endpoint& endpoint = exchanges_->endpoint(info.server);
  Attempt attempt;
  attempt.server_address = endpoint.address.text();
  attempt.server_port = endpoint.port;
  attempt.tcp = info.tcp;
  attempt.edns_size = info.query.edns_size;
  attempt.dnssec_ok = info.query.dnssec_ok;
  attempt.qname = wire::mixed_case_text(info.query.name, info.query.case_seed);
  attempt.qtype = std::string(wire::word(info.query.type));
  attempt.result = result;
  attempt.rtt_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now - info.sent_at).count());
  attempt.sent_unix_ms =
      options_.epoch_unix_ms +
      std::chrono::duration_cast<std::chrono::milliseconds>(info.sent_at.time_since_epoch())
          .count();
  attempt.round = entry.round;
  return attempt;
}

void RecursiveResolver::on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                                 Instant now) {
  Entry& entry = entries_[owner];
  if (entry.done) return;
  const auto view = wire::MessageView::parse(message);
  if (!view) {
    entry.resolution.attempts.push_back(evidence(entry, info, AttemptResult::kMalformed, now));
    entry.last_cause = Cause::kMalformed;
    go_on_or_fail(owner, now);
    return;
  }
  const wire::Header& header = view->header();
  const bool error =
      header.rcode != 0 && header.rcode != static_cast<std::uint8_t>(wire::Rcode::kNxDomain);
  if (error || header.tc || options_.trace) {
    Attempt attempt = evidence(entry, info, AttemptResult::kAnswer, now);
    attempt.rcode = header.rcode;
    attempt.aa = header.aa;
    attempt.tc = header.tc;
    attempt.ra = header.ra;
    attempt.ad = header.ad;
    attempt.section_counts = {header.ancount, header.nscount, header.arcount};
    if (const auto extended = view->extended_error()) {
      attempt.extended_error = extended->code;
      for (const char c : extended->text) {
        attempt.extended_error_text.push_back(c >= 0x20 && c < 0x7F ? c : '?');
      }
    }
    entry.resolution.attempts.push_back(std::move(attempt));
  }
  if (header.tc && !info.tcp) {
    wire::Query query = info.query;
    entry.live.push_back(exchanges_->start(info.server, query, kTcpWait, /*tcp=*/true, owner));
    return;
  }
  if (header.tc) {
    entry.last_cause = Cause::kTruncatedNoTcp;
    go_on_or_fail(owner, now);
    return;
  }
  decide(owner, *view, now);
}

void RecursiveResolver::decide(std::uint32_t index, const wire::MessageView& view, Instant now) {
  Entry& entry = entries_[index];
  const std::uint8_t rcode = view.header().rcode;
  entry.resolution.rcode = rcode;
  const bool good = rcode == 0 || rcode == static_cast<std::uint8_t>(wire::Rcode::kNxDomain);
  if (!good) {
    entry.last_cause = cause_of_rcode(rcode);
    if (entry.last_cause != Cause::kServfail) {
      go_on_or_fail(index, now);
      return;
    }
    entry.resolution.failed = true;
    entry.resolution.cause = entry.last_cause;
    finish(index, now);
    return;
  }
  for (const wire::RecordView& record : view.records()) {
    if (record.section == wire::Section::kAnswer &&
        record.type == static_cast<std::uint16_t>(entry.question.type)) {
      entry.resolution.has_rrset = true;
    }
  }
  if (entry.question.type != wire::RecordType::kCaa) entry.resolution.records = keep_records(view);
  if (!options_.trace) entry.resolution.attempts.clear();
  finish(index, now);
}

void RecursiveResolver::on_wait_over(std::uint32_t owner, AttemptId, const AttemptInfo& info,
                                     Instant now) {
  Entry& entry = entries_[owner];
  if (entry.done) return;
  if (info.saw_case_mismatch) entry.lower_case = true;
  const bool mismatch = info.saw_question_mismatch;
  entry.resolution.attempts.push_back(
      evidence(entry, info, mismatch ? AttemptResult::kMalformed : AttemptResult::kTimeout, now));
  if (info.tcp) {
    entry.last_cause = Cause::kTruncatedNoTcp;
  } else {
    // A resolver does not garble questions; forgers do. The evidence has it, the verdict stays
    // silence.
    entry.waited += now - info.sent_at;
  }
  go_on_or_fail(owner, now);
}

void RecursiveResolver::on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) {
  Entry& entry = entries_[owner];
  if (entry.done) return;
  entry.resolution.attempts.push_back(evidence(
      entry, info, info.tcp ? AttemptResult::kTcpFailed : AttemptResult::kUnreachable, now));
  if (info.tcp) {
    entry.last_cause = Cause::kTruncatedNoTcp;
  } else if (is_silence(entry.last_cause)) {
    entry.last_cause = Cause::kUnreachable;
  }
  go_on_or_fail(owner, now);
}

void RecursiveResolver::go_on_or_fail(std::uint32_t index, Instant now) {
  Entry& entry = entries_[index];
  // A resolver that declines is not asked twice; silence, or a cut answer, may be chance.
  const bool declined = !is_silence(entry.last_cause) &&
                        entry.last_cause != Cause::kTruncatedNoTcp &&
                        entry.last_cause != Cause::kMalformed;
  const std::size_t sends_allowed = declined ? options_.resolvers.size() : sends_max();
  if (entry.sends < sends_allowed && entry.waited < kResolutionTimeMax) {
    send_next(index);
    return;
  }
  entry.resolution.failed = true;
  entry.resolution.cause = entry.last_cause;
  finish(index, now);
}

void RecursiveResolver::finish(std::uint32_t index, Instant now) {
  Entry& entry = entries_[index];
  CAASCAN_ASSERT(!entry.done);
  entry.done = true;
  entry.resolution.finished = now;
  for (const AttemptId attempt : entry.live) exchanges_->abandon(attempt);
  entry.live.clear();
  entry.live.shrink_to_fit();
  --in_flight_;
  for (const Waiter& waiter : entry.waiters) {
    ++entry.pins;
    completed_.push_back({index, waiter});
  }
  entry.waiters.clear();
  if (entry.cached) {
    link_newest(index);
    trim();
  } else {
    forget(index);
  }
}

void RecursiveResolver::deliver(Instant now) {
  while (!completed_.empty()) {
    const Completed next = completed_.front();
    completed_.pop_front();
    const Entry& entry = entries_[next.entry];
    sink_.on_resolved(next.waiter, entry.question, entry.resolution, now);
    --entries_[next.entry].pins;
    if (!entries_[next.entry].cached) forget(next.entry);
  }
}

// Frees an entry that the map no longer knows, once nobody holds it.
void RecursiveResolver::forget(std::uint32_t index) {
  Entry& entry = entries_[index];
  if (entry.cached || !entry.done || entry.pins != 0) return;
  entry.done = false;
  entry.resolution = Resolution{};
  entry.question = Question{};
  free_.push_back(index);
}

void RecursiveResolver::link_newest(std::uint32_t index) {
  Entry& entry = entries_[index];
  entry.lru_older = lru_newest_;
  entry.lru_newer = kNone;
  if (lru_newest_ != kNone) entries_[lru_newest_].lru_newer = index;
  lru_newest_ = index;
  if (lru_oldest_ == kNone) lru_oldest_ = index;
  ++cached_done_;
}

void RecursiveResolver::unlink(std::uint32_t index) {
  Entry& entry = entries_[index];
  (entry.lru_older == kNone ? lru_oldest_ : entries_[entry.lru_older].lru_newer) = entry.lru_newer;
  (entry.lru_newer == kNone ? lru_newest_ : entries_[entry.lru_newer].lru_older) = entry.lru_older;
  --cached_done_;
}

void RecursiveResolver::trim() {
  while (cached_done_ * kEntryBytes > options_.cache_bytes_max) {
    const std::uint32_t index = lru_oldest_;
    unlink(index);
    by_question_.erase(entries_[index].question);
    entries_[index].cached = false;
    forget(index);
  }
}

}  // namespace caascan::engine
