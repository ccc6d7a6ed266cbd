#include "scanner/engine/iterative_resolver.h"

#include <algorithm>
#include <array>

#include "ingest/assert.h"
#include "ingest/domain_name.h"
#include "scanner/engine/evidence.h"

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;

constexpr std::size_t kNotCutBytes = 256;  // a name, its map node, its place in the order
constexpr std::size_t kRepliesKeptBackMax = 8;

// The labels of the registrable domain of `name`. Of a name with octets that host names do not
// have, two.
std::size_t registrable_labels(const DnsName& name) {
  if (name.is_root()) return 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  std::array<char, wire::kWireNameOctetsMax> text;
  std::size_t octets = 0;
  std::string_view rest = name.wire();
  while (rest.front() != '\0') {
    const std::size_t length = static_cast<unsigned char>(rest.front());
    if (octets > 0) text[octets++] = '.';
    for (const char c : rest.substr(1, length)) {
      if (c <= ' ' || c >= '\x7F' || c == '.' || c == '\\') return 2;
      text[octets++] = c;
    }
    rest.remove_prefix(1 + length);
  }
  const std::string_view registrable = registrable_domain({text.data(), octets});
  return 1 + static_cast<std::size_t>(std::ranges::count(registrable, '.'));
}

// Where a question belongs: DS records are the parent's (RFC 4035 §3.1.4.1).
DnsName asked_at(const DnsName& name, RecordType type) {
  return type == RecordType::kDs ? name.parent() : name;
}

// Whether signatures in the reply to a question of this type will be computed at once, and are
// likely to be new: those of a zone's own records. A parent's denial of a DS set has mostly been
// seen before, and the DS set of a referral has time (IterativeResolver::learn_ds).
bool needs_computing(const wire::MessageView& view, RecordType asked) {
  return std::ranges::any_of(view.records(), [&](const wire::RecordView& record) {
    if (record.type != static_cast<std::uint16_t>(RecordType::kRrsig)) return false;
    const std::uint16_t covered = wire::Cursor(view.message(), record.rdata_offset).u16();
    const auto covers = [covered](RecordType type) {
      return covered == static_cast<std::uint16_t>(type);
    };
    if (covers(RecordType::kDs)) return asked == RecordType::kDs;
    return !covers(RecordType::kNsec) && !covers(RecordType::kNsec3);
  });
}

}  // namespace

IterativeResolver::IterativeResolver(IterativeResolverOptions options, ServerDirectory& servers,
                                     Exchanges& exchanges, Random& random, ResolutionSink& sink)
    : options_(std::move(options)),
      servers_(servers),
      exchanges_(exchanges),
      random_(random),
      sink_(sink),
      validator_(options_.cache_bytes_max / 8, options_.stopwatch),
      table_(options_.cache_bytes_max / 8 * 3, options_.trace),
      delegations_(options_.cache_bytes_max / 2),
      not_cut_max_(std::max<std::size_t>(options_.cache_bytes_max / 8 / kNotCutBytes, 16)) {
  options_.root.expires = kNever;
  auto unsigned_world = std::make_shared<ZoneSecurity>();
  no_security_ = unsigned_world;
  if (!validates()) options_.root.insecure = no_security_;
  root_ = std::make_shared<Delegation>(options_.root);
}

void IterativeResolver::ask(const Question& question, Freshness fresh, std::uint8_t round,
                            Waiter waiter, Instant now) {
  const ResolutionTable::Asked asked = table_.ask(question, fresh, waiter, now);
  const bool first_pass = round == 0 && !fresh.of_good_too;
  // Who wants to know whether somebody is alive now does not want the delegation anew.
  if (asked.is_new)
    begin(question, fresh.of_good_too ? Instant{} : fresh.after, round, 0, nullptr, asked.index,
          now, first_pass);
}

void IterativeResolver::ask_ahead(const Question& question, std::uint8_t round, Instant now) {
  // No job has this serial.
  const ResolutionTable::Asked asked = table_.ask(question, Freshness{}, Waiter{0, 0, true}, now);
  if (asked.is_new) begin(question, Instant{}, round, 0, nullptr, asked.index, now);
}

void IterativeResolver::begin(const Question& question, Instant fresh_after, std::uint8_t round,
                              int depth, std::shared_ptr<Quota> quota, std::uint32_t index,
                              Instant now, bool first_pass) {
  if (jobs_.size() <= index) jobs_.resize(index + 1);
  Job& made = job(index);
  made.active = true;
  made.may_be_put_away =
      first_pass && question.type == RecordType::kCaa && question.purpose == Purpose::kVerdict;
  made.may_infer = options_.infer && made.may_be_put_away;
  made.serial = ++jobs_begun_;
  made.round = round;
  made.depth = depth;
  made.shared_quota = std::move(quota);
  made.fresh_after = fresh_after;
  go_to(index, question.name);
  locate(index, now);
}

// The names of nameservers and of zones with keys come again and again.
DnsName IterativeResolver::registrable_of(const DnsName& name) {
  const auto place_of = [this](const DnsName& at) -> KnownRegistrable& {
    return registrable_[std::hash<DnsName>{}(at) % registrable_.size()];
  };
  KnownRegistrable& known = place_of(name);
  if (known.labels != 0 && known.name == name) return name.last_labels(known.labels);
  const auto labels = static_cast<std::uint8_t>(registrable_labels(name));
  known = {name, labels};
  DnsName registrable = name.last_labels(labels);
  place_of(registrable) = {registrable, labels};  // a climb goes on there
  return registrable;
}

void IterativeResolver::go_to(std::uint32_t index, DnsName name) {
  Job& it = job(index);
  it.registrable = registrable_of(name);
  it.name = std::move(name);
}

// The deepest delegation known at or above the name. What lies at or below the registrable domain
// must have been fetched since `fresh_after`; a TLD's delegation is good for its TTL.
DelegationPtr IterativeResolver::closest(const Job& it, RecordType type, Instant now) {
  for (DnsName at = asked_at(it.name, type); !at.is_root(); at = at.parent()) {
    DelegationPtr found = delegations_.get(at, now);
    if (!found) continue;
    const bool own = at.is_within(it.registrable) && at.label_count() > 1;
    if (!own || found->fetched >= it.fresh_after) return found;
  }
  return root_;
}

void IterativeResolver::locate(std::uint32_t index, Instant now) {
  Job& it = job(index);
  leave_zone(it);
  const RecordType type = question(index).type;
  if (type == RecordType::kDs && look_into_referral(index, now)) return;
  it.cut = closest(it, type, now);
  if (type == RecordType::kDs && it.cut->insecure) {
    // Nothing below has a chain, whatever its parent says.
    end_as_insecure(index, it.cut->insecure, now);
    return;
  }
  it.probe = it.name;
  const DnsName place = asked_at(it.name, type);
  const DnsName gate = it.cut->zone.is_root()    ? place.last_labels(1)
                       : type == RecordType::kDs ? registrable_of(place)
                                                 : it.registrable;
  if (!place.is_root() && gate != it.cut->zone && gate.is_within(it.cut->zone)) {
    if (const auto known = not_cut_.find(gate);
        known != not_cut_.end() && known->second.until >= now) {
      if (known->second.nxdomain) {
        // RFC 8020: nothing exists below a name that does not.
        table_.resolution(index).zone = it.cut->zone;
        it.security = known->second.security;
        it.insecure_at = known->second.insecure_at;
        answer(index, {.kind = ReplyKind::kNxDomain, .ttl_s = kTtlMin_s},
               static_cast<std::uint8_t>(wire::Rcode::kNxDomain), now);
        return;
      }
    } else {
      if (!enter_gate(index, gate)) return;
      it.probe = gate;
    }
  }
  enter_zone(index, now);
}

// True where the job may ask the parent for `gate` itself; otherwise it waits until the holder has.
bool IterativeResolver::enter_gate(std::uint32_t index, const DnsName& gate) {
  const auto [at, free] = gates_.try_emplace(gate, std::pair{index, std::vector<std::uint32_t>{}});
  Job& it = job(index);
  if (free) {
    it.holds_gate = true;
    return true;
  }
  if (would_wait_on_itself(index, at->second.first)) {
    // The holder needs this very job: it goes ahead without the gate.
    it.probe = gate;
    return true;
  }
  it.waits_at_gate = at->second.first;
  at->second.second.push_back(index);
  return false;
}

// The parent has spoken: those who waited look again.
void IterativeResolver::open_gate(std::uint32_t index, Instant now) {
  Job& it = job(index);
  if (!it.holds_gate) return;
  it.holds_gate = false;
  let_in(it.probe, now);
}

void IterativeResolver::let_in(const DnsName& name, Instant now) {
  const auto gate = gates_.find(name);
  CAASCAN_ASSERT(gate != gates_.end());
  const std::vector<std::uint32_t> waiting = std::move(gate->second.second);
  gates_.erase(gate);
  for (const std::uint32_t other : waiting) job(other).waits_at_gate = kNone;
  for (const std::uint32_t other : waiting) {
    if (job(other).active) locate(other, now);
  }
}

void IterativeResolver::on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                                 Instant now) {
  Job& it = job(owner);
  if (!it.active) return;
  Target* target = target_of(it, info.server);
  if (target == nullptr) return;
  const auto view = wire::MessageView::parse(message);
  if (!view) {
    note(owner, info, AttemptResult::kMalformed, nullptr, now);
    act(owner, *target, {.kind = ReplyKind::kMalformed, .cause = Cause::kMalformed}, info, nullptr,
        0, now);
    return;
  }
  if (validates() && needs_computing(*view, info.query.type)) {
    signed_replies_.push_back(
        {owner, it.serial, it.zones_left, info, {message.begin(), message.end()}});
    return;
  }
  take_message(owner, info, *view, message, now);
}

void IterativeResolver::take_message(std::uint32_t index, const AttemptInfo& info,
                                     const wire::MessageView& view, wire::Bytes message,
                                     Instant now) {
  Job& it = job(index);
  Target* target = target_of(it, info.server);
  if (target == nullptr) return;
  const Unnoted reply{index, &info, &view, now};
  unnoted_ = &reply;
  if (options_.trace || question(index).purpose != Purpose::kVerdict ||
      !table_.resolution(index).attempts.empty()) {
    note_reply();
  }
  if (it.check) {
    // An earlier reply is being looked at; this one has its turn if that one does not count.
    note_reply();
    end_wait(it, info);
    if (it.kept_back.size() < kRepliesKeptBackMax)
      it.kept_back.push_back({std::vector<std::uint8_t>(message.begin(), message.end()), info});
    return;
  }
  look_at(index, *target, info, view, message, now);
  unnoted_ = nullptr;
}

// Evidence is of what went wrong, and most replies are right: what this one said is written down
// when it is known to matter.
void IterativeResolver::note_reply() {
  if (unnoted_ == nullptr) return;
  const Unnoted reply = *std::exchange(unnoted_, nullptr);
  note(reply.index, *reply.info, AttemptResult::kAnswer, reply.view, reply.now);
}

// A reply that was read, in its turn.
void IterativeResolver::look_at(std::uint32_t index, Target& target, const AttemptInfo& info,
                                const wire::MessageView& view, wire::Bytes message, Instant now) {
  if (view.header().tc) {
    note_reply();
    if (!info.tcp) {
      send_to(index, target, true);
    } else {
      act(index, target, {.kind = ReplyKind::kError, .cause = Cause::kTruncatedNoTcp}, info, &view,
          0, now);
    }
    return;
  }
  if (info.query.case_seed == 0 && question(index).purpose != Purpose::kLowerCase &&
      (compare_case(index, target, info, view, message, now) ||
       wants_capitals(index, target, info, view, message, now))) {
    return;
  }
  take_reply(index, target, info, view, message, now);
}

void IterativeResolver::take_reply(std::uint32_t index, Target& target, const AttemptInfo& info,
                                   const wire::MessageView& view, wire::Bytes message,
                                   Instant now) {
  Job& it = job(index);
  const Question asked{info.query.name, info.query.type};
  const ZoneSecurityPtr security =
      is_validated(asked.type) ? known_security(index, now) : no_security_;
  const bool insecure = security && !security->secure;
  ReplyClass reply = classify_reply(view, it.cut->zone, asked, info.query.recursion_desired,
                                    /*first_alias_only=*/!insecure, options_.profile);
  const bool claims = reply.kind == ReplyKind::kAnswer || reply.kind == ReplyKind::kNodata ||
                      reply.kind == ReplyKind::kNxDomain || reply.kind == ReplyKind::kAlias;
  if (claims && !insecure) {
    hold(index, std::move(reply), info, message, view.header().rcode, now);
    return;
  }
  if (claims && is_validated(asked.type) && validates()) {
    it.security = Security::kInsecure;
    it.insecure_at = security->insecure_at;
    if (asked.type == RecordType::kDs) {
      end_as_insecure(index, security, now);
      return;
    }
  }
  act(index, target, std::move(reply), info, &view, view.header().rcode, now);
}

// `view` is null where the message is not read again: of what was held, or could not be read.
void IterativeResolver::act(std::uint32_t index, Target& target, ReplyClass&& reply,
                            const AttemptInfo& info, const wire::MessageView* view,
                            std::uint8_t rcode, Instant now) {
  Job& it = job(index);
  const bool about_edns =
      (reply.kind == ReplyKind::kError || reply.kind == ReplyKind::kMalformed) &&
      (reply.cause == Cause::kFormerr || reply.cause == Cause::kNotimp ||
       reply.cause == Cause::kMalformed);
  // A late reply to a question that has been put in another way since says nothing of that one. It
  // may have been kept back until that one's wait was over: then somebody else has his turn.
  if ((about_edns && info.query.edns_size != 0 && target.no_edns) ||
      (target.recursive && !info.query.recursion_desired &&
       reply.kind == ReplyKind::kRecursionLame)) {
    send_next(index, now);
    return;
  }
  const bool good = reply.kind == ReplyKind::kReferral || reply.kind == ReplyKind::kAnswer ||
                    reply.kind == ReplyKind::kNodata || reply.kind == ReplyKind::kNxDomain;
  if (!good) note_reply();
  end_wait(it, info);
  target.silent = false;
  switch (reply.kind) {
    case ReplyKind::kError:
    case ReplyKind::kMalformed: {
      if (about_edns && info.query.edns_size != 0) {
        target.no_edns = true;
        target.sends = 0;  // the plain question is another one
        if (it.sends_zone < kSendsPerZoneMax) {
          send_to(index, target, false);
          return;
        }
      }
      table_.resolution(index).rcode = rcode;
      target.decided = true;
      target.cause = reply.cause;
      send_next(index, now);
      return;
    }
    case ReplyKind::kLame:
    case ReplyKind::kRecursionLame:
      target.decided = true;
      target.cause = Cause::kLame;
      if (reply.by_profile) table_.resolution(index).version_dependent = true;
      target.recursion_lame = reply.kind == ReplyKind::kRecursionLame;
      send_next(index, now);
      return;
    case ReplyKind::kReferral:
      CAASCAN_ASSERT(view != nullptr);  // referrals claim nothing and are not held
      take_referral(index, std::move(reply), info, *view, now);
      return;
    case ReplyKind::kAnswer:
    case ReplyKind::kNodata:
    case ReplyKind::kNxDomain:
    case ReplyKind::kAlias:
      break;
  }
  record_degraded(index);
  if (!failing_.empty() && question(index).type == RecordType::kCaa) failing_.erase(it.cut->zone);
  const bool for_the_gate_only = it.probe != it.name;
  if (for_the_gate_only || it.holds_gate) {
    // The parent answers for the gate itself: there is no cut at it.
    const bool nxdomain = reply.kind == ReplyKind::kNxDomain;
    const auto [at, added] = not_cut_.insert_or_assign(
        it.probe, NotCut{nxdomain, now + std::chrono::seconds(std::max(reply.ttl_s, kTtlMin_s)),
                         it.security, it.insecure_at});
    if (added) not_cut_order_.push_back(at->first);
    while (not_cut_.size() > not_cut_max_) {
      not_cut_.erase(not_cut_order_.front());
      not_cut_order_.pop_front();
    }
  }
  if (for_the_gate_only) {
    open_gate(index, now);
    locate(index, now);
    return;
  }
  if (reply.kind != ReplyKind::kAlias) {
    if (view != nullptr && question(index).type == RecordType::kSoa) keep_soa(index, *view);
    answer(index, reply, rcode, now);
    return;
  }
  open_gate(index, now);
  Resolution& resolution = table_.resolution(index);
  if (++it.aliases > kAliasRestartsMax || reply.target == question(index).name) {
    fail(index, Cause::kAliasLoop, now);
    return;
  }
  resolution.alias_target = reply.target;
  go_to(index, reply.target);
  locate(index, now);
}

// The contact of a zone stands in its SOA record.
void IterativeResolver::keep_soa(std::uint32_t index, const wire::MessageView& view) {
  for (const wire::RecordView& record : view.records()) {
    if (record.type != static_cast<std::uint16_t>(RecordType::kSoa)) continue;
    auto owner = view.owner(record);
    auto soa = view.soa(record);
    if (!owner || !soa || *owner != job(index).name) continue;
    table_.resolution(index).records.push_back(
        {.type = RecordType::kSoa, .owner = std::move(*owner), .contact = std::move(soa->contact)});
  }
}

void IterativeResolver::take_referral(std::uint32_t index, ReplyClass&& reply,
                                      const AttemptInfo& info, const wire::MessageView& view,
                                      Instant now) {
  Job& it = job(index);
  record_degraded(index);
  auto delegation = std::make_shared<Delegation>(std::move(reply.delegation));
  // Of a fetch, the sending counts: what was sent before a confirmation round began cannot confirm.
  delegation->fetched = info.sent_at;
  delegation->expires = now + std::chrono::seconds(reply.ttl_s);
  learn_ds(*delegation, index, view, now);
  delegations_.put(delegation);
  fetch_keys_ahead(index, *delegation, now);
  if (++it.referrals > kReferralsMax) {
    note_reply();
    fail(index, Cause::kQuotaUsedUp, now);
    return;
  }
  open_gate(index, now);
  locate(index, now);
}

void IterativeResolver::answer(std::uint32_t index, const ReplyClass& reply, std::uint8_t rcode,
                               Instant now) {
  Job& it = job(index);
  Resolution& resolution = table_.resolution(index);
  resolution.rcode = rcode;
  resolution.has_rrset = reply.kind == ReplyKind::kAnswer;
  resolution.addresses = reply.addresses;
  resolution.security = it.security;
  resolution.insecure_at = it.insecure_at;
  if (!reply.target.is_root()) resolution.alias_target = reply.target;
  resolution.ttl = std::chrono::seconds(reply.ttl_s);
  if (!options_.trace && question(index).purpose == Purpose::kVerdict) resolution.attempts.clear();
  open_gate(index, now);
  finish(index, now);
}

void IterativeResolver::finish(std::uint32_t index, Instant now) {
  Job& it = job(index);
  CAASCAN_ASSERT(!it.holds_gate);
  leave_zone(it);
  it.clear();
  table_.finish(index, now);
}

void IterativeResolver::Job::clear() {
  Job fresh;
  const auto keep = [](auto& from, auto& to) {
    from.clear();
    to = std::move(from);
  };
  keep(targets, fresh.targets);
  keep(looked_up, fresh.looked_up);
  keep(families_missing, fresh.families_missing);
  keep(waits_on, fresh.waits_on);
  keep(live, fresh.live);
  *this = std::move(fresh);
}

void IterativeResolver::deliver(Instant now) {
  for (const InferredJob& inferred : std::exchange(inferred_, {})) {
    const Job& it = job(inferred.index);
    if (!it.active || it.serial != inferred.serial) continue;
    if (failing_.contains(it.cut->zone)) {
      fail_unasked(inferred.index, now);
    } else {
      // Somebody of the zone has answered well since.
      locate(inferred.index, now);
    }
  }
  // One after the other: between two computations of a signature, other work would find the caches
  // of the processor full of them, and they those full of other work.
  for (const SignedReply& reply : std::exchange(signed_replies_, {})) {
    const Job& it = job(reply.index);
    if (!it.active || it.serial != reply.serial || it.zones_left != reply.zones_left) continue;
    const auto view = wire::MessageView::parse(reply.message);
    CAASCAN_ASSERT(view.has_value());
    take_message(reply.index, reply.info, *view, reply.message, now);
  }
  table_.deliver(
      [&](std::uint32_t index, Waiter waiter, const Question& asked, const Resolution& resolution) {
        if (waiter.internal) {
          const Job& it = job(waiter.index);
          if (!it.active || it.serial != waiter.generation) return;
          if (it.awaits_link && it.link.index == index && it.link.question == asked)
            on_link(waiter.index, resolution, now);
          else
            on_nameserver(waiter.index, index, asked, resolution, now);
        } else {
          sink_.on_resolved(waiter, asked, resolution, now);
        }
      });
}

}  // namespace caascan::engine
