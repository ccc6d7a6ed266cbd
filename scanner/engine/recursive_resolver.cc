#include "scanner/engine/recursive_resolver.h"

#include <algorithm>

#include "ingest/assert.h"
#include "scanner/engine/evidence.h"

namespace caascan::engine {
namespace {

bool is_silence(Cause cause) {
  return cause == Cause::kTimeout || cause == Cause::kUnreachable;
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

RecursiveResolver::RecursiveResolver(const RecursiveResolverOptions& options, Exchanges& exchanges,
                                     Random& random, ResolutionSink& sink)
    : options_(options),
      exchanges_(exchanges),
      random_(random),
      sink_(sink),
      table_(options.cache_bytes_max, options.trace) {
  CAASCAN_ASSERT(!options_.resolvers.empty());
}

void RecursiveResolver::ask(const Question& question, Freshness fresh, std::uint8_t round,
                            Waiter waiter, Instant now) {
  const ResolutionTable::Asked asked = table_.ask(question, fresh, waiter, now);
  if (!asked.is_new) return;
  if (jobs_.size() <= asked.index) jobs_.resize(asked.index + 1);
  Job& job = jobs_[asked.index];
  job.active = true;
  job.round = round;
  job.first_resolver = random_.below(static_cast<std::uint32_t>(options_.resolvers.size()));
  send_next(asked.index);
}

// The k-th send goes to the k-th resolver after the first one drawn, so each is tried before any is
// again.
void RecursiveResolver::send_next(std::uint32_t index) {
  Job& job = jobs_[index];
  const std::size_t resolvers = options_.resolvers.size();
  const Duration usual = kSendWaits[job.sends / resolvers];
  // The wait of the last send is stretched to the end of the time that a zone has.
  const bool last = job.sends + 1 == sends_max() || job.waited + usual >= kZoneTimeMax;
  const Duration wait = std::min(last ? kZoneTimeMax - job.waited : usual, kAttemptWaitMax);
  const ServerId server = options_.resolvers[(job.first_resolver + job.sends) % resolvers];
  ++job.sends;
  wire::Query query;
  query.name = table_.question(index).name;
  query.type = table_.question(index).type;
  query.recursion_desired = true;
  if (!job.lower_case) query.case_seed = random_.u64() | 1;
  job.live.push_back(exchanges_.start(server, std::move(query), wait, /*tcp=*/false, index));
}

void RecursiveResolver::on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                                 Instant now) {
  Job& job = jobs_[owner];
  if (!job.active) return;
  Resolution& resolution = table_.resolution(owner);
  const auto view = wire::MessageView::parse(message);
  const auto evidence = [&](AttemptResult result) {
    return make_evidence(exchanges_.endpoint(info.server), "", info, result, job.round,
                         options_.epoch_unix_ms, now);
  };
  if (!view) {
    resolution.attempts.push_back(evidence(AttemptResult::kMalformed));
    job.last_cause = Cause::kMalformed;
    go_on_or_fail(owner, now);
    return;
  }
  const wire::Header& header = view->header();
  const bool error =
      header.rcode != 0 && header.rcode != static_cast<std::uint8_t>(wire::Rcode::kNxDomain);
  if (error || header.tc || options_.trace) {
    Attempt attempt = evidence(AttemptResult::kAnswer);
    add_reply(attempt, *view);
    resolution.attempts.push_back(std::move(attempt));
  }
  if (!header.tc) {
    decide(owner, *view, now);
    return;
  }
  if (!info.tcp) {
    job.live.push_back(exchanges_.start(info.server, info.query, kTcpWait, /*tcp=*/true, owner));
    return;
  }
  job.last_cause = Cause::kTruncatedNoTcp;
  go_on_or_fail(owner, now);
}

void RecursiveResolver::decide(std::uint32_t index, const wire::MessageView& view, Instant now) {
  Job& job = jobs_[index];
  Resolution& resolution = table_.resolution(index);
  const wire::RecordType type = table_.question(index).type;
  const std::uint8_t rcode = view.header().rcode;
  resolution.rcode = rcode;
  const bool good = rcode == 0 || rcode == static_cast<std::uint8_t>(wire::Rcode::kNxDomain);
  if (!good) {
    job.last_cause = cause_of_rcode(rcode);
    if (job.last_cause != Cause::kServfail) {
      go_on_or_fail(index, now);
      return;
    }
    resolution.failed = true;
    resolution.cause = job.last_cause;
    finish(index, now);
    return;
  }
  for (const wire::RecordView& record : view.records()) {
    if (record.section == wire::Section::kAnswer &&
        record.type == static_cast<std::uint16_t>(type)) {
      resolution.has_rrset = true;
    }
  }
  if (type != wire::RecordType::kCaa) resolution.records = keep_records(view);
  if (!options_.trace) resolution.attempts.clear();
  finish(index, now);
}

void RecursiveResolver::on_wait_over(std::uint32_t owner, AttemptId, const AttemptInfo& info,
                                     Instant now) {
  Job& job = jobs_[owner];
  if (!job.active) return;
  if (info.saw_case_mismatch) job.lower_case = true;
  table_.resolution(owner).attempts.push_back(make_evidence(
      exchanges_.endpoint(info.server), "", info,
      info.saw_question_mismatch ? AttemptResult::kMalformed : AttemptResult::kTimeout, job.round,
      options_.epoch_unix_ms, now));
  if (info.tcp) {
    job.last_cause = Cause::kTruncatedNoTcp;
  } else {
    // A resolver does not garble questions; forgers do. The evidence has it, the verdict stays
    // silence.
    job.waited += now - info.sent_at;
  }
  go_on_or_fail(owner, now);
}

void RecursiveResolver::on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) {
  Job& job = jobs_[owner];
  if (!job.active) return;
  table_.resolution(owner).attempts.push_back(
      make_evidence(exchanges_.endpoint(info.server), "", info,
                    info.tcp ? AttemptResult::kTcpFailed : AttemptResult::kUnreachable, job.round,
                    options_.epoch_unix_ms, now));
  if (info.tcp) {
    job.last_cause = Cause::kTruncatedNoTcp;
  } else if (is_silence(job.last_cause)) {
    job.last_cause = Cause::kUnreachable;
  }
  go_on_or_fail(owner, now);
}

void RecursiveResolver::go_on_or_fail(std::uint32_t index, Instant now) {
  const Job& job = jobs_[index];
  // A resolver that declines is not asked twice; silence, or a cut answer, may be chance.
  const bool declined = !is_silence(job.last_cause) && job.last_cause != Cause::kTruncatedNoTcp &&
                        job.last_cause != Cause::kMalformed;
  const std::size_t sends_allowed = declined ? options_.resolvers.size() : sends_max();
  if (job.sends < sends_allowed && job.waited < kZoneTimeMax) {
    send_next(index);
    return;
  }
  Resolution& resolution = table_.resolution(index);
  resolution.failed = true;
  resolution.cause = job.last_cause;
  finish(index, now);
}

void RecursiveResolver::finish(std::uint32_t index, Instant now) {
  Job& job = jobs_[index];
  for (const AttemptId attempt : job.live) exchanges_.abandon(attempt);
  // Without giving its memory back: the next question needs it.
  std::vector<AttemptId> live = std::move(job.live);
  live.clear();
  job = Job{};
  job.live = std::move(live);
  for (const Waiter& waiter : table_.waiters(index)) sink_.prepare(waiter);
  table_.finish(index, now);
}

void RecursiveResolver::prepare(std::uint32_t owner) const {
  __builtin_prefetch(&jobs_[owner]);
  table_.prepare(owner);
}

void RecursiveResolver::deliver(Instant now) {
  table_.deliver(
      [&](std::uint32_t, Waiter waiter, const Question& question, const Resolution& resolution) {
        sink_.on_resolved(waiter, question, resolution, now);
      });
}

}  // namespace caascan::engine
