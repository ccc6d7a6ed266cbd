// Our own eyes: resolution from the root, as Unbound's iterator does it.
//
// The life of a resolution. `locate` finds the deepest delegation known at or above the name. Where
// that is above the registrable domain, one job alone asks the parent for the delegation (the
// gate); the others wait and find it in the cache: a parent sees one question for each registrable
// domain, never one for each name. Then the zone's servers are asked, one at a time, in random
// order: an error or a lame answer goes to the next server at once, silence after a wait, and a
// silent server is asked up to three times, once where it has been silent to others. A referral
// leads further down, an alias starts again at its target, an answer ends the resolution; it fails
// only when every usable address of the zone has failed. Nameserver names without glue are resolved
// by resolutions of their own, a few at a time, until one address answers or all have been tried.
// Every step is bounded (bounds.h).
//
// The chain of trust. A DNSKEY question for a zone ends with its security: its keys, or where the
// chain is proven to end. It needs the DS set, which comes with the referral from the parent or is
// asked for; that needs the parent's security, and so on up to the trust anchors. An answer to a
// CAA question from a secure zone is held (Check) until the zone's security is known; then it is an
// answer only if it validates. A bogus one goes to the next server, like an error.
// (chain_of_trust.cc; nameserver names are in nameserver_lookup.cc.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "scanner/engine/bounds.h"
#include "scanner/engine/delegation.h"
#include "scanner/engine/exchanges.h"
#include "scanner/engine/reply_class.h"
#include "scanner/engine/resolution_table.h"
#include "scanner/engine/server_directory.h"
#include "scanner/engine/validator.h"

namespace caascan::engine {

struct IterativeResolverOptions {
  Delegation root;                                      // the hints; never expires
  std::vector<wire::DsRecord> trust_anchors;            // of the root; none: nothing is validated
  std::size_t cache_bytes_max = std::size_t{64} << 20;  // half for delegations, half for answers
  Profile profile = kProfiles.front();
  bool use_v4 = true, use_v6 = true;  // which families this machine can send to
  // Whether a name of the first pass is taken to fail, unasked, where every server of its zone has
  // failed in the same way for kFailuresToInfer others; one in kInferredAsked is asked all the
  // same.
  bool infer = false;
  bool confirms = false;           // what fails in the first pass is asked again in later rounds
  bool trace = false;              // keep the evidence of good resolutions too
  std::int64_t epoch_unix_ms = 0;  // wall clock at Instant zero, for evidence
  Stopwatch stopwatch = nullptr;   // for what signature checks cost
};

class IterativeResolver final : public ResolutionSource {
 public:
  // Borrows all; one thread.
  IterativeResolver(IterativeResolverOptions options, ServerDirectory& servers,
                    Exchanges& exchanges, Random& random, ResolutionSink& sink);

  void ask(const Question& question, Freshness fresh, std::uint8_t round, Waiter waiter,
           Instant now) override;
  void on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                Instant now) override;
  void on_wait_over(std::uint32_t owner, AttemptId attempt, const AttemptInfo& info,
                    Instant now) override;
  void on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) override;
  bool still_wants(std::uint32_t owner) override;
  void deliver(Instant now) override;
  [[nodiscard]] bool has_deliveries() const override {
    return table_.has_deliveries() || !signed_replies_.empty() || !inferred_.empty();
  }
  // Asks for nobody: who asks the same later finds the answer, or waits less for it.
  void ask_ahead(const Question& question, std::uint8_t round, Instant now);
  // What a name knew when it was put away; it asks again now.
  void remember(std::string_view known, Instant now);
  [[nodiscard]] std::size_t resolutions_under_way() const { return table_.under_way(); }
  [[nodiscard]] ValidatorCounts validator_counts() const { return validator_.counts(); }
  // The zones that answered, though not all of their servers did, since the last call.
  [[nodiscard]] std::vector<DegradedZone> take_degraded() { return std::exchange(degraded_, {}); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  // One address of the zone that is being asked.
  struct Target {
    std::size_t nameserver = 0;  // in the delegation
    ServerId server = 0;
    std::uint8_t sends = 0;
    bool decided = false;         // it has given its (bad) answer
    bool recursion_lame = false;  // it has spoken from a cache
    bool recursive = false;       // and is asked with RD=1 since
    bool lower_case = false;      // it folds case
    std::uint8_t fallback_sends = 0;
    bool no_edns = false;  // it has refused EDNS
    bool silent = false;
    Cause cause = Cause::kTimeout;
    BogusKind bogus = BogusKind::kNone;
  };
  // The resolution of a nameserver name's address, that has not been told of yet.
  struct Awaited {
    std::uint32_t index = 0;
    Question question;
    bool begun = false;  // by this job, so within its bounds
  };
  // A reply that is held while it is found out whether its signatures lead to the trust anchor.
  struct Check {
    std::vector<std::uint8_t> message;
    ReplyClass reply;
    AttemptInfo info;
    std::uint8_t rcode = 0;
    bool is_referral = false;  // one that may hold the answer to a DS question
    wire::DnsName zone;        // whose keys are tried
    wire::DnsName walked;      // the deepest label whose DS has been asked for; the root: none
    ZoneSecurityPtr security;  // of `zone`, once known
    int steps = 0;
  };
  struct KeptBack {
    std::vector<std::uint8_t> message;
    AttemptInfo info;
  };
  // Servers that fold case are asked again and again in lower case, and are believed only where all
  // answers are the same (Unbound's fallback for 0x20).
  struct CaseFallback {
    std::string answer;  // what was said first by a server that said something
    std::vector<std::uint8_t> message;
    AttemptInfo info;
    int replies = 0;
    bool over = false;
  };
  // What a signed zone said once it was asked in lower case, after nothing but silence. Some
  // servers prove the wrong thing of capitals, and which packets were lost must not decide whether
  // that is seen: the server is alive, and is asked in capitals again.
  struct InLowerCase {
    std::vector<std::uint8_t> message;
    AttemptInfo info;
    std::size_t asked_again = 0;
    bool over = false;
  };
  // What a lookup may spend with all that it needs; shared by the resolutions that it begins.
  struct Quota {
    int sends = 0;
    std::size_t targets = 0;  // nameserver names looked up
  };
  // One question under way; index as in the table.
  struct Job {
    bool active = false;
    bool may_infer = false;
    bool may_be_put_away = false;  // a name's first pass asks, and can begin again
    std::uint32_t serial = 0;  // what a job of the same index before it waited for is not its own
    std::uint32_t zones_left = 0;
    std::uint8_t round = 0;
    int depth = 0;  // resolutions that need this one above it
    Instant fresh_after{};
    wire::DnsName name;         // what is looked for now: the question's name or an alias target
    wire::DnsName registrable;  // of `name`
    int aliases = 0;
    int referrals = 0;
    Quota own_quota;
    std::shared_ptr<Quota> shared_quota;  // in its place, once it has begun others or is begun so
    DelegationPtr cut;
    wire::DnsName probe;  // asked of the cut: `name`, or what holds a gate
    bool holds_gate = false;
    std::uint32_t waits_at_gate = kNone;  // the job that holds it
    std::vector<Target> targets;
    int timeouts = 0;             // waits in vain at this zone
    std::size_t special_use = 0;  // addresses left out
    bool excluded = false;        // a server was left out because its operator has opted out
    std::size_t other_family = 0;
    Duration waited{};
    int sends_zone = 0;
    bool asking = false;     // an attempt's wait runs, that of `asking_server`
    bool listening = false;  // it was over, and goes on because nobody else is left to ask
    Instant listening_since{};
    ServerId asking_server = 0;
    AttemptId asking_attempt;
    std::vector<bool> looked_up;                 // by nameserver: its addresses have been asked for
    std::vector<std::uint8_t> families_missing;  // by nameserver: of A and AAAA, without addresses
    std::vector<Awaited> waits_on;
    std::size_t targets_failed = 0;
    bool names_silent = false, names_unreachable = false;  // why some were not found
    bool limited = false;  // a bound of the lookup, or a ring, kept names from being looked up
    std::unique_ptr<Check> check;
    std::unique_ptr<CaseFallback> fallback;
    std::unique_ptr<InLowerCase> in_lower_case;
    std::vector<KeptBack> kept_back;                        // replies that came while one was held
    std::vector<std::vector<std::uint8_t>> alias_messages;  // of secure zones, that led to `name`
    Awaited link;  // of the chain of trust, that the job waits for
    bool awaits_link = false;
    bool referral_seen = false;          // it did not say what a DS question asks
    std::shared_ptr<const DsAnswer> ds;  // of a DNSKEY question: the DS set of its zone
    bool ds_known = false;
    Security security = Security::kNotChecked;  // of what has been answered so far
    wire::DnsName insecure_at;
    std::vector<AttemptId> live;

    // As new, but for the memory of what every question needs, which serves the next one.
    void clear();
    Quota& quota() { return shared_quota ? *shared_quota : own_quota; }
    [[nodiscard]] const Quota& quota() const { return shared_quota ? *shared_quota : own_quota; }
    // What it has used so far counts for all of them.
    const std::shared_ptr<Quota>& share_quota() {
      if (!shared_quota) shared_quota = std::make_shared<Quota>(own_quota);
      return shared_quota;
    }
  };
  // What a parent said about a name that it has not delegated.
  struct NotCut {
    bool nxdomain = false;
    Instant until{};
    Security security = Security::kNotChecked;
    wire::DnsName insecure_at;
  };

  Job& job(std::uint32_t index) { return jobs_[index]; }
  const Question& question(std::uint32_t index) const { return table_.question(index); }
  // `quota`: that of the lookup that begins it; null: a new one.
  void begin(const Question& question, Instant fresh_after, std::uint8_t round, int depth,
             std::shared_ptr<Quota> quota, std::uint32_t index, Instant now,
             bool first_pass = false);
  void go_to(std::uint32_t index, wire::DnsName name);
  void locate(std::uint32_t index, Instant now);
  DelegationPtr closest(const Job& job, wire::RecordType type, Instant now);
  bool enter_gate(std::uint32_t index, const wire::DnsName& gate);
  void open_gate(std::uint32_t index, Instant now);
  void let_in(const wire::DnsName& gate, Instant now);
  void enter_zone(std::uint32_t index, Instant now);
  void add_targets(Job& job, std::size_t nameserver, const std::vector<IpAddress>& addresses);
  void send_next(std::uint32_t index, Instant now);
  [[nodiscard]] bool put_away(std::uint32_t index, ServerId server, Instant now);
  [[nodiscard]] std::string what_it_knows(std::uint32_t index, Instant now);
  [[nodiscard]] static bool is_repeat(const Target& target);
  [[nodiscard]] bool may_be_asked(const Job& job, const Target& target) const;
  [[nodiscard]] bool listen_on(std::uint32_t index, Instant now);
  void end_listening(std::uint32_t index, const AttemptInfo& info, Instant now);
  void send_to(std::uint32_t index, Target& target, bool tcp);
  [[nodiscard]] Target* pick(Job& job) const;
  bool look_up_nameservers(std::uint32_t index, Instant now);
  void on_nameserver(std::uint32_t index, std::uint32_t answered, const Question& asked,
                     const Resolution& found, Instant now);
  [[nodiscard]] bool would_wait_on_itself(std::uint32_t self, std::uint32_t on) const;
  static void end_wait(Job& job, const AttemptInfo& info);
  [[nodiscard]] static Target* target_of(Job& job, ServerId server);
  void note(std::uint32_t index, const AttemptInfo& info, AttemptResult result,
            const wire::MessageView* view, Instant now);
  void note_reply();
  [[nodiscard]] wire::DnsName registrable_of(const wire::DnsName& name);
  // The chain of trust.
  [[nodiscard]] bool validates() const { return !options_.trust_anchors.empty(); }
  // The verdict is validated, and what it rests on. What finds servers is not: a forged address
  // leads to answers that do not validate. Nor is what is merely told with a verdict.
  [[nodiscard]] static bool is_validated(wire::RecordType type) {
    return type == wire::RecordType::kCaa || type == wire::RecordType::kDs ||
           type == wire::RecordType::kDnskey || type == wire::RecordType::kLoc;
  }
  [[nodiscard]] Freshness freshness(const Job& job, const wire::DnsName& zone) const;
  [[nodiscard]] ZoneSecurityPtr security_by_keys(const Job& job, const wire::DnsName& zone,
                                                 Instant now);
  [[nodiscard]] ZoneSecurityPtr known_security(std::uint32_t index, Instant now);
  void settle_if_possible(std::uint32_t index, Instant now);
  void settle(std::uint32_t index, const ZoneSecurityPtr& parent, Instant now);
  void judge_referral(Delegation& made, const ZoneSecurityPtr& parent,
                      const wire::MessageView& view, Instant now);
  void await_link(std::uint32_t index, const Question& question, Instant now);
  void on_link(std::uint32_t index, const Resolution& found, Instant now);
  bool has_ds(std::uint32_t index, Instant now);
  void take_ds(std::uint32_t index, const std::shared_ptr<const DsAnswer>& ds, Instant now);
  bool look_into_referral(std::uint32_t index, Instant now);
  void hold(std::uint32_t index, ReplyClass&& reply, const AttemptInfo& info, wire::Bytes message,
            std::uint8_t rcode, Instant now);
  void go_on_checking(std::uint32_t index, Instant now);
  void check_keys(std::uint32_t index, Instant now);
  void walk(std::uint32_t index, BogusKind otherwise, Instant now);
  void accept(std::uint32_t index, Security security, const wire::DnsName& insecure_at,
              Instant now);
  void reject(std::uint32_t index, BogusKind kind, Instant now);
  void end_as_insecure(std::uint32_t index, ZoneSecurityPtr security, Instant now);
  void fail_like(std::uint32_t index, const Resolution& found, Instant now);
  void learn_ds(Delegation& made, std::uint32_t index, const wire::MessageView& view, Instant now);
  void fetch_keys_ahead(std::uint32_t index, const Delegation& made, Instant now);
  [[nodiscard]] std::int64_t unix_s(Instant now) const {
    return options_.epoch_unix_ms / 1000 +
           std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  }

  // The fallback for servers that fold case.
  bool compare_case(std::uint32_t index, const Target& target, const AttemptInfo& info,
                    const wire::MessageView& view, wire::Bytes message, Instant now);
  bool ask_again_for_case(std::uint32_t index, Instant now);
  bool wants_capitals(std::uint32_t index, Target& target, const AttemptInfo& info,
                      const wire::MessageView& view, wire::Bytes message, Instant now);
  bool ask_in_capitals(std::uint32_t index, Instant now);
  void take_message(std::uint32_t index, const AttemptInfo& info, const wire::MessageView& view,
                    wire::Bytes message, Instant now);
  void look_at(std::uint32_t index, Target& target, const AttemptInfo& info,
               const wire::MessageView& view, wire::Bytes message, Instant now);
  void take_reply(std::uint32_t index, Target& target, const AttemptInfo& info,
                  const wire::MessageView& view, wire::Bytes message, Instant now);

  void act(std::uint32_t index, Target& target, ReplyClass&& reply, const AttemptInfo& info,
           const wire::MessageView* view, std::uint8_t rcode, Instant now);
  void keep_soa(std::uint32_t index, const wire::MessageView& view);
  void take_referral(std::uint32_t index, ReplyClass&& reply, const AttemptInfo& info,
                     const wire::MessageView& view, Instant now);
  void answer(std::uint32_t index, const ReplyClass& reply, std::uint8_t rcode, Instant now);
  void fail_zone(std::uint32_t index, Instant now);
  // Per-zone economy.
  [[nodiscard]] bool is_inferred(std::uint32_t index);
  void fail_unasked(std::uint32_t index, Instant now);
  void learn_failure(std::uint32_t index, Cause cause);
  void fail(std::uint32_t index, Cause cause, Instant now);
  void keep_cut(const Job& job, Instant now);
  void record_degraded(std::uint32_t index);
  void finish(std::uint32_t index, Instant now);
  void leave_zone(Job& job);

  IterativeResolverOptions options_;
  ServerDirectory& servers_;
  Exchanges& exchanges_;
  Random& random_;
  ResolutionSink& sink_;
  DelegationPtr root_;
  Validator validator_;
  ZoneSecurityPtr no_security_;  // where nothing is validated
  ResolutionTable table_;
  DelegationCache delegations_;
  std::deque<Job> jobs_;
  std::uint32_t jobs_begun_ = 0;
  boost::unordered_flat_map<wire::DnsName, std::pair<std::uint32_t, std::vector<std::uint32_t>>,
                            std::hash<wire::DnsName>>
      gates_;  // holder, waiting
  boost::unordered_flat_map<wire::DnsName, NotCut, std::hash<wire::DnsName>> not_cut_;
  std::deque<wire::DnsName> not_cut_order_;
  std::size_t not_cut_max_;
  std::vector<DegradedZone> degraded_;
  // Of zones whose servers all failed alike.
  struct FailingZone {
    Cause cause = Cause::kNone;
    std::uint8_t names = 0;  // different ones that failed, no further counted than needed
    wire::DnsName first;
  };
  boost::unordered_flat_map<wire::DnsName, FailingZone, std::hash<wire::DnsName>> failing_;
  struct InferredJob {
    std::uint32_t index, serial;
  };
  std::vector<InferredJob> inferred_;  // to fail at the next `deliver`
  // By hash of the name; the one that comes later has the place.
  struct KnownRegistrable {
    wire::DnsName name;
    std::uint8_t labels = 0;  // 0: nothing is here
  };
  std::vector<KnownRegistrable> registrable_{4096};
  // The reply that is being looked at, while nothing is written down of it.
  struct Unnoted {
    std::uint32_t index;
    const AttemptInfo* info;
    const wire::MessageView* view;
    Instant now;
  };
  const Unnoted* unnoted_ = nullptr;
  // Replies with signatures to be computed, until the next `deliver`.
  struct SignedReply {
    std::uint32_t index;
    std::uint32_t serial, zones_left;  // of the job; what it has left since is no answer to it
    AttemptInfo info;
    std::vector<std::uint8_t> message;
  };
  std::vector<SignedReply> signed_replies_;
};

}  // namespace caascan::engine
