// The part of IterativeResolver that decides what answers in lower case are worth: whether servers
// which fold case may be believed, and whether capitals would have been answered otherwise. A
// reply that does not repeat the case of the question may be forged; so every address is asked
// three times in lower case, and all that say something must say the same (Unbound: caps_fallback).
// A zone whose answers change, if only in the serial of its SOA record, is a SERVFAIL to a
// resolver.
#include <algorithm>

#include "ingest/assert.h"
#include "scanner/engine/iterative_resolver.h"

namespace caascan::engine {
namespace {

using wire::RecordType;

constexpr std::uint8_t kRepliesPerAddress = 3;
// Half of the sends of a zone, as in Unbound.
constexpr int kRepliesMax = kSendsPerZoneMax / 2;

// What a reply says, for comparing: rcode, AA, the answer, and of authority the SOA record where
// the server speaks with authority, everything where it does not. TTLs and signatures may change.
std::string said_by(const wire::MessageView& view) {
  std::string said;
  said += static_cast<char>(view.header().rcode);
  said += view.header().aa ? '\1' : '\0';
  auto sets = wire::read_rrsets(view);
  if (!sets) return said + "unreadable";
  std::vector<std::string> lines;
  for (wire::RrSet& set : *sets) {
    const bool soa = set.type == static_cast<std::uint16_t>(RecordType::kSoa);
    if (set.section == wire::Section::kAuthority && view.header().aa && !soa) continue;
    std::string line(set.owner.wire());
    line += std::to_string(set.type);
    std::ranges::sort(set.rdatas);
    for (const wire::Rdata& rdata : set.rdatas) {
      line += std::to_string(rdata.size()) + ":";
      line.append(rdata.begin(), rdata.end());
    }
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines);
  for (const std::string& line : lines) said += line;
  return said;
}

}  // namespace

// True where the reply is not to be acted upon now: others are asked first, or it is not believed.
bool IterativeResolver::compare_case(std::uint32_t index, const Target& target,
                                     const AttemptInfo& info, const wire::MessageView& view,
                                     wire::Bytes message, Instant now) {
  Job& it = job(index);
  if ((it.fallback && it.fallback->over) || target.recursion_lame) return false;
  // What is said without EDNS lacks what DO asks for.
  if (info.query.edns_size == 0) return false;
  // Lower case after silence alone is no sign of a server that folds.
  if (std::ranges::none_of(it.targets, &Target::lower_case)) return false;
  // Errors, lame answers and what is said from a cache are not compared: they go their usual way.
  const ReplyKind kind = classify_reply(view, it.cut->zone, {info.query.name, info.query.type},
                                        info.query.recursion_desired)
                             .kind;
  if (kind == ReplyKind::kError || kind == ReplyKind::kMalformed || kind == ReplyKind::kLame ||
      kind == ReplyKind::kRecursionLame) {
    return false;
  }
  note_reply();
  end_wait(it, info);
  Target& replied = *target_of(it, target.server);
  replied.silent = false;
  if (!it.fallback) it.fallback = std::make_unique<CaseFallback>();
  CaseFallback& fallback = *it.fallback;
  std::string said = said_by(view);
  if (fallback.replies++ == 0) {
    ++replied.fallback_sends;  // the question that brought it
    fallback.answer = std::move(said);
    fallback.message.assign(message.begin(), message.end());
    fallback.info = info;
  } else if (fallback.answer != said) {
    for (Target& one : it.targets) {
      if (one.decided) continue;
      one.decided = true;
      one.cause = Cause::kMalformed;
    }
    it.fallback->over = true;
    it.waits_on.clear();
    fail_zone(index, now);
    return true;
  }
  send_next(index, now);
  return true;
}

// Asks somebody once more, or, where enough have spoken, acts upon what all of them have said.
// False where the search goes on as usual.
bool IterativeResolver::ask_again_for_case(std::uint32_t index, Instant now) {
  Job& it = job(index);
  CaseFallback& fallback = *it.fallback;
  Target* next = nullptr;
  for (Target& target : it.targets) {
    const bool fruitless = target.decided || target.recursion_lame ||
                           (target.silent && (target.sends >= kSendsPerAddressMax ||
                                              exchanges_.is_silent(target.server)));
    if (fruitless || target.fallback_sends >= kRepliesPerAddress) continue;
    if (next == nullptr || target.fallback_sends < next->fallback_sends) next = &target;
  }
  const bool enough = fallback.replies >= kRepliesMax || it.sends_zone >= kSendsPerZoneMax ||
                      it.quota().sends >= kSendsPerLookupMax || it.waited >= kZoneTimeMax;
  if (next != nullptr && !enough) {
    ++next->fallback_sends;
    next->lower_case = true;
    send_to(index, *next, false);
    return true;
  }
  fallback.over = true;
  const std::vector<std::uint8_t> message = std::move(fallback.message);
  const AttemptInfo info = fallback.info;
  const auto view = wire::MessageView::parse(message);
  Target* target = target_of(it, info.server);
  if (!view || target == nullptr) return false;
  take_reply(index, *target, info, *view, message, now);
  return true;
}

// True where the reply is set aside, and its server is asked in capitals first.
bool IterativeResolver::wants_capitals(std::uint32_t index, Target& target, const AttemptInfo& info,
                                       const wire::MessageView& view, wire::Bytes message,
                                       Instant now) {
  Job& it = job(index);
  if (it.in_lower_case || it.fallback || target.lower_case || info.query.upper_labels == 0 ||
      info.query.type != RecordType::kCaa || !it.cut->may_be_signed || it.holds_gate) {
    return false;
  }
  const ReplyKind kind = classify_reply(view, it.cut->zone, {info.query.name, info.query.type},
                                        info.query.recursion_desired)
                             .kind;
  if (kind != ReplyKind::kNodata && kind != ReplyKind::kNxDomain) return false;
  note_reply();
  end_wait(it, info);
  target.silent = false;
  it.in_lower_case = std::make_unique<InLowerCase>();
  it.in_lower_case->message.assign(message.begin(), message.end());
  it.in_lower_case->info = info;
  send_next(index, now);
  return true;
}

// Asks the server once more, or acts upon what it said in lower case. False where capitals have
// shown that this is not to be believed.
bool IterativeResolver::ask_in_capitals(std::uint32_t index, Instant now) {
  Job& it = job(index);
  InLowerCase& said = *it.in_lower_case;
  Target* target = target_of(it, said.info.server);
  if (target == nullptr) return false;
  if (!target->decided && !target->lower_case && said.asked_again < kSendWaits.size()) {
    ++said.asked_again;
    send_to(index, *target, false);
    return true;
  }
  said.over = true;
  if (target->decided && target->cause == Cause::kBogus) return false;
  const std::vector<std::uint8_t> message = std::move(said.message);
  const AttemptInfo info = said.info;
  const auto view = wire::MessageView::parse(message);
  CAASCAN_ASSERT(view.has_value());  // it has been classified
  take_reply(index, *target, info, *view, message, now);
  return true;
}

}  // namespace caascan::engine
