// The part of IterativeResolver that follows the chain of trust: which zone an answer must be
// signed by, and what its parent says of it. What messages prove is the validator's business.
#include <algorithm>

#include "ingest/assert.h"
#include "scanner/engine/iterative_resolver.h"

namespace caascan::engine {
namespace {

using wire::DnsName;
using wire::RecordType;

// Zones and labels that are looked at for one reply; a name has no more labels.
constexpr int kCheckStepsMax = 130;

Validator::Claim claim_of(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::kAnswer:
      return Validator::Claim::kAnswer;
    case ReplyKind::kAlias:
      return Validator::Claim::kAlias;
    case ReplyKind::kNxDomain:
      return Validator::Claim::kNxDomain;
    default:
      CAASCAN_ASSERT(kind == ReplyKind::kNodata);
      return Validator::Claim::kNodata;
  }
}

// Whether this says that what is at and below the name is not signed, or by nothing that can be
// checked here.
bool ends_the_chain(const DsAnswer& ds) {
  return ds.state == DsState::kNoDs || ds.state == DsState::kInsecure ||
         (ds.state == DsState::kSecure && !is_usable(ds.records));
}

ZoneSecurityPtr insecure_at(const DnsName& zone) {
  auto made = std::make_shared<ZoneSecurity>();
  made->insecure_at = zone;
  return made;
}

}  // namespace

// A confirmation round fetches the name's own links again; those of the registries are good for
// their TTL.
Freshness IterativeResolver::freshness(const Job& it, const DnsName& zone) const {
  const bool own = zone.label_count() > 1 && zone.is_within(it.registrable);
  return {it.fresh_after, own};
}

// The security of a zone as its keys have been found, where they have been; or null.
ZoneSecurityPtr IterativeResolver::security_by_keys(const Job& it, const DnsName& zone,
                                                    Instant now) {
  const Resolution* known = table_.use({zone, RecordType::kDnskey}, freshness(it, zone), now);
  return known == nullptr ? nullptr : known->zone_security;
}

// The security of the zone that is asked now, where nothing need be asked to know it; or null.
ZoneSecurityPtr IterativeResolver::known_security(std::uint32_t index, Instant now) {
  settle_if_possible(index, now);
  const Job& it = job(index);
  return it.cut->insecure ? it.cut->insecure : security_by_keys(it, it.cut->zone, now);
}

void IterativeResolver::settle_if_possible(std::uint32_t index, Instant now) {
  const Job& it = job(index);
  if (it.cut->referral.empty()) return;
  if (const ZoneSecurityPtr parent = security_by_keys(it, it.cut->parent, now))
    settle(index, parent, now);
}

// The referral that led here was kept until somebody needs what it proves, and the parent's keys
// are known. It goes into the delegation, for all who come after.
void IterativeResolver::settle(std::uint32_t index, const ZoneSecurityPtr& parent, Instant now) {
  Job& it = job(index);
  const DelegationPtr before = it.cut;
  const DelegationPtr cached = delegations_.get(it.cut->zone, now);
  if (cached && cached != it.cut && cached->fetched == it.cut->fetched &&
      cached->referral.empty()) {
    it.cut = cached;
  } else {
    auto made = std::make_shared<Delegation>(*it.cut);
    made->referral.clear();
    const auto view = wire::MessageView::parse(it.cut->referral);
    CAASCAN_ASSERT(view.has_value());  // it has been classified
    judge_referral(*made, parent, *view, now);
    if (cached == it.cut) delegations_.put(made);
    it.cut = std::move(made);
  }
  // Not where the resolution is about to fail with another zone.
  DelegationPtr& told = table_.resolution(index).cut;
  if (told == before) told = it.cut;
}

void IterativeResolver::judge_referral(Delegation& made, const ZoneSecurityPtr& parent,
                                       const wire::MessageView& view, Instant now) {
  if (!parent->secure) {
    made.insecure = parent;
    return;
  }
  auto ds =
      std::make_shared<DsAnswer>(validator_.check_ds(parent->keys, made.zone, view, unix_s(now)));
  if (ends_the_chain(*ds))
    made.insecure = insecure_at(made.zone);
  else if (ds->state == DsState::kSecure)
    made.ds = std::move(ds);
  // Anything else is no proof: the DS set will be asked for, of every server of the parent.
}

void IterativeResolver::await_link(std::uint32_t index, const Question& needed, Instant now) {
  const Job& it = job(index);
  const ResolutionTable::Asked asked =
      table_.ask(needed, freshness(it, needed.name), Waiter{index, it.serial, true}, now);
  if (!asked.is_new && would_wait_on_itself(index, asked.index)) {
    job(index).limited = true;
    fail(index, Cause::kNoAddress, now);
    return;
  }
  job(index).link = {asked.index, needed, asked.is_new};
  job(index).awaits_link = true;
  if (asked.is_new) {
    Job& self = job(index);
    begin(needed, self.fresh_after, self.round, self.depth, self.share_quota(), asked.index, now);
  }
}

void IterativeResolver::on_link(std::uint32_t index, const Resolution& found, Instant now) {
  Job& it = job(index);
  it.awaits_link = false;
  const Question asked = it.link.question;
  if (found.failed && found.limited && !it.link.begun) {
    // It failed by the bounds of another lookup: once more, by those of this one.
    await_link(index, asked, now);
    return;
  }
  if (found.failed) {
    fail_like(index, found, now);
    return;
  }
  if (!it.check) {
    CAASCAN_ASSERT(asked.type == RecordType::kDs);  // of a DNSKEY question that has not begun yet
    take_ds(index, found.ds, now);
    return;
  }
  Check& check = *it.check;
  if (asked.type == RecordType::kDnskey) {
    if (asked.name == check.zone) {
      check.security = found.zone_security;
    } else {
      settle(index, found.zone_security, now);
      check.security = it.cut->insecure;
    }
  } else {
    check.walked = asked.name;
    if (ends_the_chain(*found.ds)) {
      check.zone = asked.name;
      check.security = insecure_at(asked.name);
    } else if (found.ds->state == DsState::kSecure) {
      check.zone = asked.name;
      check.security = nullptr;
    }
  }
  go_on_checking(index, now);
}

// For a DNSKEY question: whether the DS set is known by which its answer will be judged. Otherwise
// it has been asked for, or the question has been answered by it.
bool IterativeResolver::has_ds(std::uint32_t index, Instant now) {
  Job& it = job(index);
  if (it.ds_known) return true;
  const DnsName zone = question(index).name;
  if (zone.is_root()) {
    auto anchors = std::make_shared<DsAnswer>();
    anchors->state = DsState::kSecure;
    anchors->records = options_.trust_anchors;
    it.ds = std::move(anchors);
    it.ds_known = true;
    return true;
  }
  if (it.cut->zone == zone && it.cut->insecure) {
    end_as_insecure(index, it.cut->insecure, now);
    return false;
  }
  if (it.cut->zone == zone && it.cut->ds) {
    it.ds = it.cut->ds;
    it.ds_known = true;
    return true;
  }
  await_link(index, {zone, RecordType::kDs}, now);
  return false;
}

// What the parent says of the zone whose keys are asked for.
void IterativeResolver::take_ds(std::uint32_t index, const std::shared_ptr<const DsAnswer>& ds,
                                Instant now) {
  Job& it = job(index);
  if (ends_the_chain(*ds)) {
    end_as_insecure(index, insecure_at(question(index).name), now);
    return;
  }
  if (ds->state != DsState::kSecure) {
    // There is a zone, and its parent says that there is none.
    table_.resolution(index).bogus = BogusKind::kNoDsProof;
    fail(index, Cause::kBogus, now);
    return;
  }
  it.ds = ds;
  it.ds_known = true;
  enter_zone(index, now);
}

// Ends a DNSKEY or DS question below the end of the chain.
void IterativeResolver::end_as_insecure(std::uint32_t index, ZoneSecurityPtr security,
                                        Instant now) {
  Job& it = job(index);
  it.security = Security::kInsecure;
  it.insecure_at = security->insecure_at;
  Resolution& resolution = table_.resolution(index);
  if (question(index).type == RecordType::kDs) {
    auto ds = std::make_shared<DsAnswer>();
    ds->state = DsState::kInsecure;
    resolution.ds = std::move(ds);
  } else {
    resolution.zone_security = std::move(security);
  }
  answer(index, {.kind = ReplyKind::kNodata, .ttl_s = kTtlMax_s}, 0, now);
}

// For a DS question: whether the referral to the zone is at hand, so that nothing need be asked.
bool IterativeResolver::look_into_referral(std::uint32_t index, Instant now) {
  Job& it = job(index);
  const DelegationPtr cut = delegations_.get(it.name, now);
  if (!cut) return false;
  const bool own = it.name.is_within(it.registrable) && it.name.label_count() > 1;
  if (own && cut->fetched < it.fresh_after) return false;
  if (cut->insecure) {
    it.cut = cut;
    end_as_insecure(index, cut->insecure, now);
    return true;
  }
  if (cut->ds) {
    it.cut = cut;
    it.security = Security::kSecure;
    table_.resolution(index).ds = cut->ds;
    answer(index, {.kind = ReplyKind::kAnswer, .ttl_s = kTtlMin_s}, 0, now);
    return true;
  }
  if (cut->referral.empty() || it.referral_seen) return false;
  it.referral_seen = true;
  it.cut = cut;
  it.check = std::make_unique<Check>();
  it.check->message = cut->referral;
  it.check->is_referral = true;
  it.check->info.query.name = it.name;
  it.check->info.query.type = RecordType::kDs;
  it.check->zone = cut->parent;
  go_on_checking(index, now);
  return true;
}

// Puts what a referral says of the DS set into the delegation that it makes.
void IterativeResolver::learn_ds(Delegation& made, std::uint32_t index,
                                 const wire::MessageView& view, Instant now) {
  if (!validates()) {
    made.insecure = no_security_;
    return;
  }
  const ZoneSecurityPtr security = known_security(index, now);
  made.parent = job(index).cut->zone;
  if (security && !security->secure) {
    made.insecure = security;
    return;
  }
  const auto holds = [&](RecordType type) {
    return std::ranges::any_of(view.records(), [type](const wire::RecordView& record) {
      return record.type == static_cast<std::uint16_t>(type);
    });
  };
  const bool has_ds_set = holds(RecordType::kDs);
  made.may_be_signed = has_ds_set || (!holds(RecordType::kNsec) && !holds(RecordType::kNsec3));
  // The signature of a DS set is one that has not been seen before, and costs more than all else
  // here. It waits for the first answer from below: a name that is put away now may be so for
  // hours, while others have a use for the time.
  if (security && !has_ds_set) {
    judge_referral(made, security, view, now);
  } else {
    made.referral.assign(view.message().begin(), view.message().end());
  }
}

// The keys of the root and of a TLD are wanted by the first answer from below it. Asked for as soon
// as the referral is there, they come as soon as that answer; asked for then, thousands of names
// would have to wait, each with an answer at hand.
void IterativeResolver::fetch_keys_ahead(std::uint32_t index, const Delegation& made, Instant now) {
  const Job& it = job(index);
  if (!it.cut->zone.is_root() || !made.may_be_signed || !is_validated(question(index).type)) return;
  ask_ahead({made.zone, RecordType::kDnskey}, it.round, now);
}

// A reply that claims something in a zone that is not known to be insecure.
void IterativeResolver::hold(std::uint32_t index, ReplyClass&& reply, const AttemptInfo& info,
                             wire::Bytes message, std::uint8_t rcode, Instant now) {
  note_reply();
  Job& it = job(index);
  end_wait(it, info);
  it.check = std::make_unique<Check>();
  it.check->message.assign(message.begin(), message.end());
  it.check->reply = std::move(reply);
  it.check->info = info;
  it.check->rcode = rcode;
  it.check->zone = it.cut->zone;
  if (info.query.type == RecordType::kDnskey && info.query.name == question(index).name) {
    check_keys(index, now);
    return;
  }
  it.check->security = known_security(index, now);
  go_on_checking(index, now);
}

void IterativeResolver::check_keys(std::uint32_t index, Instant now) {
  Job& it = job(index);
  const Check& check = *it.check;
  if (check.reply.kind != ReplyKind::kAnswer) {
    reject(index, BogusKind::kNoDnskey, now);
    return;
  }
  const auto view = wire::MessageView::parse(check.message);
  CAASCAN_ASSERT(view.has_value() && it.ds_known);
  auto made = std::make_shared<ZoneSecurity>();
  const Validation found =
      validator_.check_keys(question(index).name, it.ds->records, *view, unix_s(now), made->keys);
  if (found.proof == Proof::kBogus || found.proof == Proof::kUnsigned ||
      found.proof == Proof::kSignedBelow) {
    reject(index, found.kind == BogusKind::kNone ? BogusKind::kNoSignature : found.kind, now);
    return;
  }
  made->secure = found.proof == Proof::kSecure;
  if (!made->secure) made->insecure_at = question(index).name;
  it.check->reply.ttl_s = std::max(kTtlMin_s, std::min(check.reply.ttl_s, found.ttl_s));
  table_.resolution(index).zone_security = made;
  accept(index, made->secure ? Security::kSecure : Security::kInsecure, made->insecure_at, now);
}

void IterativeResolver::go_on_checking(std::uint32_t index, Instant now) {
  Job& it = job(index);
  Check& check = *it.check;
  if (++check.steps > kCheckStepsMax) {
    reject(index, BogusKind::kTooManyChecks, now);
    return;
  }
  if (!check.security) {
    // Before the zone's own keys, whether its parent says that it has any.
    const bool unsettled = check.zone == it.cut->zone && !it.cut->referral.empty();
    await_link(index, {unsettled ? it.cut->parent : check.zone, RecordType::kDnskey}, now);
    return;
  }
  const Question asked{check.info.query.name, check.info.query.type};
  Resolution& resolution = table_.resolution(index);
  if (!check.security->secure) {
    if (asked.type == RecordType::kDs) {
      end_as_insecure(index, check.security, now);
      return;
    }
    accept(index, Security::kInsecure, check.security->insecure_at, now);
    return;
  }
  const ZoneKeys& keys = check.security->keys;
  const auto view = wire::MessageView::parse(check.message);
  CAASCAN_ASSERT(view.has_value());
  BogusKind bad_ds = BogusKind::kNoDsProof;
  if (asked.type == RecordType::kDs) {
    auto ds = std::make_shared<DsAnswer>(validator_.check_ds(keys, asked.name, *view, unix_s(now)));
    if (ds->state != DsState::kNotThere && ds->state != DsState::kBogus) {
      check.reply.kind = ReplyKind::kNodata;  // whatever it holds, it says what was asked
      check.reply.ttl_s = std::clamp(ds->ttl_s, kTtlMin_s, kNegativeTtlMax_s);
      resolution.ds = std::move(ds);
      accept(index, Security::kSecure, {}, now);
      return;
    }
    if (check.is_referral) {
      // No proof, or a bad one: every server of the parent is asked.
      it.check.reset();
      locate(index, now);
      return;
    }
    if (ds->state == DsState::kBogus) bad_ds = ds->kind;
  }
  std::vector<wire::MessageView> before;
  for (const std::vector<std::uint8_t>& message : it.alias_messages)
    before.push_back(*wire::MessageView::parse(message));
  const Validation found = validator_.check_answer(
      keys, asked.name, asked.type, claim_of(check.reply.kind), *view, unix_s(now), before);
  switch (found.proof) {
    case Proof::kSecure:
    case Proof::kInsecure:
      if (asked.type == RecordType::kDs) {
        reject(index, bad_ds, now);
        return;
      }
      check.reply.ttl_s = std::max(kTtlMin_s, std::min(check.reply.ttl_s, found.ttl_s));
      accept(index, found.proof == Proof::kSecure ? Security::kSecure : Security::kInsecure,
             found.proof == Proof::kSecure ? DnsName() : check.zone, now);
      return;
    case Proof::kBogus:
      resolution.nsec = found.nsec;
      reject(index, asked.type == RecordType::kDs ? bad_ds : found.kind, now);
      return;
    case Proof::kSignedBelow: {
      // The servers of this zone serve that one too, so that no referral was seen.
      const bool below = found.signer.is_within(check.zone) && found.signer != check.zone &&
                         asked.name.is_within(found.signer);
      if (!below || (asked.type == RecordType::kDs && found.signer == asked.name)) {
        reject(index, BogusKind::kNoDsProof, now);
        return;
      }
      check.zone = found.signer;
      check.security = nullptr;
      await_link(index, {check.zone, RecordType::kDnskey}, now);
      return;
    }
    case Proof::kUnsigned:
      walk(index, found.kind, now);
      return;
  }
}

// Nothing is signed in a zone that is. Perhaps the answer belongs to a zone below it that has no
// DS: the labels between are asked for, from above.
void IterativeResolver::walk(std::uint32_t index, BogusKind otherwise, Instant now) {
  const Check& check = *job(index).check;
  const Question asked{check.info.query.name, check.info.query.type};
  const DnsName from =
      check.walked.is_root() || !check.walked.is_within(check.zone) ? check.zone : check.walked;
  // A DS set is the parent's, so the zone in question lies above the name.
  const std::size_t deepest = asked.name.label_count() - (asked.type == RecordType::kDs ? 1 : 0);
  if (from.label_count() >= deepest) {
    reject(index, otherwise, now);
    return;
  }
  await_link(index, {asked.name.last_labels(from.label_count() + 1), RecordType::kDs}, now);
}

// The held reply counts.
void IterativeResolver::accept(std::uint32_t index, Security security, const DnsName& insecure_at,
                               Instant now) {
  Job& it = job(index);
  // Of a chain of aliases, one insecure link makes the whole insecure.
  if (it.security != Security::kInsecure) {
    it.security = security;
    it.insecure_at = insecure_at;
  }
  const std::unique_ptr<Check> check = std::move(it.check);
  if (check->is_referral) {
    answer(index, check->reply, check->rcode, now);
    return;
  }
  Target* target = target_of(it, check->info.server);
  CAASCAN_ASSERT(target != nullptr);  // the zone has not been left
  if (check->reply.kind == ReplyKind::kAlias && check->info.query.name == it.name)
    it.alias_messages.push_back(check->message);
  // What is validated is known by its class alone.
  act(index, *target, std::move(check->reply), check->info, nullptr, check->rcode, now);
}

// It does not: the next server is asked, as after an error.
void IterativeResolver::reject(std::uint32_t index, BogusKind kind, Instant now) {
  Job& it = job(index);
  const std::unique_ptr<Check> check = std::move(it.check);
  Target* target = target_of(it, check->info.server);
  CAASCAN_ASSERT(target != nullptr);
  target->silent = false;
  target->decided = true;
  target->cause = Cause::kBogus;
  target->bogus = kind;
  table_.resolution(index).rcode = check->rcode;
  while (!it.kept_back.empty()) {
    const KeptBack next = std::move(it.kept_back.front());
    it.kept_back.erase(it.kept_back.begin());
    const auto view = wire::MessageView::parse(next.message);
    Target* from = target_of(it, next.info.server);
    if (!view || from == nullptr || from->decided) continue;
    look_at(index, *from, next.info, *view, next.message, now);
    return;
  }
  send_next(index, now);
}

// A link of the chain could not be had: that zone is at fault.
void IterativeResolver::fail_like(std::uint32_t index, const Resolution& found, Instant now) {
  Job& it = job(index);
  Resolution& resolution = table_.resolution(index);
  resolution.zone = found.zone;
  resolution.cut = found.cut;
  resolution.rcode = found.rcode;
  resolution.bogus = found.bogus;
  resolution.nsec = found.nsec;
  resolution.attempts.insert(resolution.attempts.end(), found.attempts.begin(),
                             found.attempts.end());
  it.limited = it.limited || found.limited;
  it.excluded = it.excluded || found.excluded;
  resolution.excluded = found.excluded;
  fail(index, found.cause, now);
}

}  // namespace caascan::engine
