// Resolutions: the answer to one question, whoever finds it: our own iteration or a recursive
// resolver.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "scanner/engine/exchanges.h"
#include "scanner/engine/time.h"
#include "scanner/engine/validator.h"
#include "scanner/finding.h"
#include "scanner/wire/dns_name.h"
#include "scanner/wire/message.h"

namespace caascan::engine {

// Why a question is asked. Questions of different purposes share no answer.
enum class Purpose : std::uint8_t {
  kVerdict,
  kLowerCase,  // in lower case only, to find out whether the case makes a difference
  kEvidence,   // once more as for a verdict; what was sent and came is kept
};

struct Question {
  wire::DnsName name;
  wire::RecordType type = wire::RecordType::kCaa;
  Purpose purpose = Purpose::kVerdict;
  friend bool operator==(const Question&, const Question&) = default;
};

struct QuestionHash {
  std::size_t operator()(const Question& question) const noexcept {
    return std::hash<wire::DnsName>{}(question.name) ^
           (static_cast<std::size_t>(question.type) << 48) ^
           (static_cast<std::size_t>(question.purpose) << 40);
  }
};

// A record that is kept because a decision needs it.
struct KeptRecord {
  wire::Section section = wire::Section::kAnswer;
  wire::RecordType type = wire::RecordType::kNs;
  wire::DnsName owner;
  wire::DnsName target;   // NS, CNAME, DNAME
  wire::DnsName contact;  // SOA
};

// What the chain of trust says of a zone: its keys, or where the chain is proven to end.
struct ZoneSecurity {
  bool secure = false;
  ZoneKeys keys;              // of a secure zone
  wire::DnsName insecure_at;  // of another: the delegation that has no DS
};
using ZoneSecurityPtr = std::shared_ptr<const ZoneSecurity>;

struct Delegation;  // delegation.h
using DelegationPtr = std::shared_ptr<const Delegation>;

// How a resolution ended.
struct Resolution {
  bool failed = false;
  Cause cause = Cause::kNone;  // of the failure
  bool limited = false;  // it failed by the bounds of the lookup that began it; to another it says
                         // nothing
  std::uint8_t rcode = 0;  // of the deciding reply; meaningful unless the cause is a silence
  bool excluded =
      false;  // it failed, and a server was not asked because its operator has opted out
  bool has_rrset =
      false;  // the answer holds records of the type asked for, at the end of any alias chain
  std::vector<KeptRecord> records;   // NS, CNAME, DNAME and SOA of answer and authority
  std::vector<IpAddress> addresses;  // of an A or AAAA question
  wire::DnsName zone;                // the last zone asked; the root where the source does not know
  DelegationPtr cut;                 // what led to that zone; null where the source does not know
  wire::DnsName alias_target;  // the last target of the alias chain; the root where there was none
  Security security = Security::kNotChecked;
  BogusKind bogus = BogusKind::kNone;  // with Cause::kBogus
  bool nsec = false;                   // the wrong or right denial was of NSEC records
  wire::DnsName insecure_at;           // with kInsecure
  wire::DnsName inferred_from;     // it was not asked: of the names that failed before it, one; the
                                   // root where it was asked
  bool version_dependent = false;  // it failed where resolvers of other versions do not
  ZoneSecurityPtr zone_security;   // of a DNSKEY question
  std::shared_ptr<const DsAnswer> ds;       // of a DS question
  Duration ttl = std::chrono::minutes(15);  // how long a good answer may be reused
  std::vector<Attempt>
      attempts;       // evidence; kept for failures, and for all where a trace is wanted
  Instant started{};  // when it was asked
  Instant finished{};
};

// Who waits for a resolution: a slot of the engine and its generation, so that a stale answer is
// recognised.
struct Waiter {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool internal = false;  // a resolution that needs another one, not the engine
};

// How fresh an answer must be.
struct Freshness {
  Instant after;     // a failure that was asked before is not reused
  bool of_good_too;  // nor is a good answer

  // NOLINTNEXTLINE(google-explicit-constructor): a moment alone is the usual case.
  Freshness(Instant moment = {}, bool good_too = false) : after(moment), of_good_too(good_too) {}
};

// Finds answers, by way of the exchanges that it owns. Implementations single-flight equal
// questions and cache what they found.
class ResolutionSource : public ExchangeOwner {
 public:
  // Asks; the waiter is told through ResolutionSink, never during this call. `round` goes into the
  // evidence.
  virtual void ask(const Question& question, Freshness fresh, std::uint8_t round, Waiter waiter,
                   Instant now) = 0;
  // Tells the sink of everything that has been resolved since the last call.
  virtual void deliver(Instant now) = 0;
  [[nodiscard]] virtual bool has_deliveries() const = 0;
};

class ResolutionSink {
 public:
  virtual ~ResolutionSink() = default;
  // The first question of this waiter at some zone joins one of these lines. For names that have
  // been put away, and may be in their line again.
  virtual void on_line(Waiter /*waiter*/, std::span<const LineId> /*lines*/, bool /*after_alias*/) {
  }
  // Whether this waiter can do without an answer now and ask again later, since the line is full.
  [[nodiscard]] virtual bool may_be_put_away(Waiter /*waiter*/, LineId /*line*/) const {
    return false;
  }
  // It must: its question is not asked. May come while it asks. May not ask. `known` is for whoever
  // asks again.
  virtual void put_away(Waiter /*waiter*/, LineId /*line*/, bool /*after_alias*/,
                        const std::string& /*known*/) {}
  // This waiter is about to be told: its memory may be fetched. Changes nothing.
  virtual void prepare(Waiter /*waiter*/) const {}
  // `resolution` is valid during the call, which may ask again.
  virtual void on_resolved(Waiter waiter, const Question& question, const Resolution& resolution,
                           Instant now) = 0;
};

}  // namespace caascan::engine
