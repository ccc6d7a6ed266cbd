// What is said of random zones, beside what the oracle says.
#include "tests/sim/random_zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ingest/assert.h"
#include "scanner/engine/reply_class.h"
#include "scanner/engine/validator.h"
#include "tests/sim/drawn_zone.h"
#include "tests/sim/zone_oracle.h"

namespace caascan::sim {
namespace {

using namespace zones;
using engine::DsState;
using engine::Proof;
using wire::DnsName;
using Claim = engine::Validator::Claim;

constexpr std::size_t kCacheOctets = 1 << 14;

// One seed.
class ZoneRun {
 public:
  explicit ZoneRun(std::uint64_t seed) : zone_(seed), validator_(kCacheOctets) {
    report_.seed = seed;
    ++report_.zones[static_cast<std::size_t>(plan_.kind)];
    if (plan_.costly()) ++report_.zones[4];
  }

  ZoneReport run() {
    for (std::size_t left = 2 + draw_.below(3); left > 0; --left) {
      if (draw_.chance(8))
        ask_for_keys();
      else
        ask();
    }
    report_.checks = validator_.counts().checks;
    return std::move(report_);
  }

 private:
  std::vector<std::uint8_t> bytes_of(const Question& asked, const Reply& reply) {
    test::Message message(asked.name, asked.type, reply.rcode);
    for (const Piece& piece : reply.pieces) message.add(piece.section, piece.set);
    return message.bytes();
  }

  static engine::ZoneKeys keys_of(const SigningKey& key) {
    return {.zone = dns_name(key.zone()), .keys = {key.dnskey()}};
  }

  void ask() {
    Question asked{zone_.name_to_ask(), draw_.chance(4) ? RecordType::kDs : RecordType::kCaa};
    if (asked.type == RecordType::kDs && asked.name == plan_.apex) asked.type = RecordType::kCaa;
    const Reply plain = zone_.honest(asked.name, asked.type);
    Reply reply;
    ZoneFault fault{};
    do {
      // Each fifth is left as it is.
      fault =
          draw_.chance(5) ? ZoneFault::kNone : static_cast<ZoneFault>(draw_.below(kZoneFaultCount));
      reply = plain;
    } while (!zone_.damage(fault, asked, reply));
    ++report_.faults[static_cast<std::size_t>(fault)];
    ++report_.questions;
    const bool from_parent =
        fault == ZoneFault::kOnParentsServers || fault == ZoneFault::kUnsignedZone;
    if (fault == ZoneFault::kUnsignedZone) ++report_.zones[3];
    const SigningKey& key = from_parent ? key_of(parent_of(plan_.apex), "parent") : zone_.key();

    const Oracle oracle(plan_, key.zone(), asked, reply);
    std::string cut;
    const ReplyKind wanted_kind = oracle.kind(cut);
    const auto bytes = bytes_of(asked, reply);
    const auto view = wire::MessageView::parse(bytes);
    CAASCAN_ASSERT(view.has_value());
    const engine::ZoneKeys keys = keys_of(key);
    const DnsName name = dns_name(asked.name);
    const engine::ReplyClass got_class = engine::classify_reply(
        *view, keys.zone, {name, asked.type}, false, /*first_alias_only=*/true);
    if (fault == ZoneFault::kNone) check_plain(asked, wanted_kind);
    if (got_class.kind != wanted_kind) {
      differ(fault, asked, reply, std::string(reply_word(wanted_kind)),
             std::string(reply_word(got_class.kind)));
      return;
    }
    State wanted, got;
    switch (wanted_kind) {
      case ReplyKind::kReferral:
        if (got_class.delegation.zone != dns_name(cut))
          differ(fault, asked, reply, cut, got_class.delegation.zone.text());
        wanted = oracle.ds(cut);
        got = check_ds(keys, cut, *view);
        break;
      case ReplyKind::kAnswer:
      case ReplyKind::kAlias:
      case ReplyKind::kNodata:
      case ReplyKind::kNxDomain: {
        if (asked.type == RecordType::kDs) {
          wanted = oracle.ds(asked.name);
          got = check_ds(keys, asked.name, *view);
          break;
        }
        const Claim claim = wanted_kind == ReplyKind::kAnswer   ? Claim::kAnswer
                            : wanted_kind == ReplyKind::kAlias  ? Claim::kAlias
                            : wanted_kind == ReplyKind::kNodata ? Claim::kNodata
                                                                : Claim::kNxDomain;
        wanted = oracle.answer(wanted_kind);
        got = state_of(validator_.check_answer(keys, name, asked.type, claim, *view, kNow));
        break;
      }
      default:
        break;
    }
    compare(fault, asked, reply, wanted, got);
  }

  // What the zone holds is what its server says: the oracle's reading of a whole message too.
  void check_plain(const Question& asked, ReplyKind kind) {
    std::string cut;
    for (std::string at = asked.name; at != plan_.apex; at = parent_of(at)) {
      if (plan_.is_cut(at) && !(at == asked.name && asked.type == RecordType::kDs)) cut = at;
    }
    ReplyKind wanted = ReplyKind::kNodata;
    const auto holds = [&](const std::string& name) {
      return plan_.has(name, asked.type)           ? ReplyKind::kAnswer
             : plan_.has(name, RecordType::kCname) ? ReplyKind::kAlias
                                                   : ReplyKind::kNodata;
    };
    if (!cut.empty()) {
      wanted = ReplyKind::kReferral;
    } else if (plan_.exists(asked.name)) {
      wanted = holds(asked.name);
    } else {
      const std::string encloser = plan_.encloser(asked.name);
      const std::string wildcard = below("*", encloser);
      wanted = plan_.has(encloser, RecordType::kDname) ? ReplyKind::kAlias
               : plan_.exists(wildcard)                ? holds(wildcard)
                                                       : ReplyKind::kNxDomain;
      // The signer knows of wildcards with records only.
      if (wanted == ReplyKind::kNodata && !plan_.nodes.contains(wildcard)) return;
    }
    if (wanted != kind)
      report_.differences.push_back(fmt::format("{} in the zone, {} in its answer for {}",
                                                reply_word(wanted), reply_word(kind), asked.name));
  }

  void ask_for_keys() {
    const Question asked{plan_.apex, RecordType::kDnskey};
    const Reply plain = zone_.honest(asked.name, asked.type);
    const auto make_ds = [&](std::uint8_t digest) { return zone_.key().ds(digest); };
    Reply reply;
    ZoneFault fault{};
    std::vector<wire::DsRecord> ds;
    bool possible = false;
    State wanted;
    do {
      fault = static_cast<ZoneFault>(draw_.below(kZoneFaultCount));
      reply = plain;
      ds = {make_ds(draw_.chance(3) ? 4 : 2)};
      wanted = {ZoneState::kSecure};
      Piece& set = reply.pieces.front();
      possible = true;
      switch (fault) {
        case ZoneFault::kDsMismatch:
          ds.front().digest[draw_.below(32)] ^= 1;
          if (draw_.chance(2)) ds = {key_of(plan_.apex, "another").ds()};
          wanted = {ZoneState::kBogus, BogusKind::kDsMismatch};
          break;
        case ZoneFault::kDsBesideMismatch:
          ds.insert(draw_.chance(2) ? ds.begin() : ds.end(), key_of(plan_.apex, "another").ds());
          break;
        case ZoneFault::kSha1Beside:
          ds = {make_ds(1), key_of(plan_.apex, "another").ds()};
          wanted = {ZoneState::kBogus, BogusKind::kDsMismatch};
          if (draw_.chance(2)) {
            ds.pop_back();
            wanted = {ZoneState::kSecure};
          }
          break;
        case ZoneFault::kUnknownDs:
          (draw_.chance(2) ? ds.front().algorithm : ds.front().digest_type) = kUnknownNumber;
          wanted = {ZoneState::kInsecure};
          break;
        case ZoneFault::kDnskeyMissing:
          reply = zone_.honest(plan_.apex, RecordType::kLoc);
          wanted = {ZoneState::kBogus, BogusKind::kNoDnskey};
          break;
        case ZoneFault::kNone:
        case ZoneFault::kTtlLowered:
        case ZoneFault::kBadSignatureBeside:
        case ZoneFault::kOneUnsigned:
        case ZoneFault::kSignatureFlipped:
        case ZoneFault::kExpired:
        case ZoneFault::kNotYetValid:
          zone_.damage(fault, asked, reply);
          if (set.worth == Worth::kBad) wanted = {ZoneState::kBogus, set.kind};
          if (set.worth == Worth::kUnsigned) wanted = {ZoneState::kBogus, BogusKind::kNoSignature};
          break;
        case ZoneFault::kDataChanged:
          zone_.damage(fault, asked, reply);
          wanted = {ZoneState::kBogus, BogusKind::kDsMismatch};
          break;
        case ZoneFault::kUnknownAlgorithm:
        case ZoneFault::kSignedByParent:
        case ZoneFault::kSignedBySibling:
        case ZoneFault::kSignedByAnotherKey:
          // The key that the DS names has not signed.
          possible = zone_.damage(fault, asked, reply);
          wanted = {ZoneState::kBogus, BogusKind::kNoSignature};
          break;
        default:
          possible = false;
      }
    } while (!possible);
    ++report_.faults[static_cast<std::size_t>(fault)];
    ++report_.questions;
    const auto bytes = bytes_of(asked, reply);
    engine::ZoneKeys keys;
    const State got = state_of(validator_.check_keys(
        dns_name(plan_.apex), ds, wire::MessageView::parse(bytes).value(), kNow, keys));
    compare(fault, asked, reply, wanted, got);
    if ((got.state == ZoneState::kSecure) == keys.keys.empty())
      report_.differences.push_back("keys that are not secure, or none that are");
  }

  static State state_of(const engine::Validation& found) {
    State made{.kind = found.kind};
    switch (found.proof) {
      case Proof::kSecure:
        made.state = ZoneState::kSecure;
        break;
      case Proof::kInsecure:
        made.state = ZoneState::kInsecure;
        break;
      case Proof::kBogus:
        made.state = ZoneState::kBogus;
        break;
      case Proof::kUnsigned:
        made.state = ZoneState::kUnsigned;
        break;
      case Proof::kSignedBelow:
        made.state = ZoneState::kSignedBelow;
        made.signer = found.signer.is_root() ? "." : found.signer.text();
        break;
    }
    return made;
  }

  State check_ds(const engine::ZoneKeys& keys, const std::string& child,
                 const wire::MessageView& view) {
    const engine::DsAnswer found = validator_.check_ds(keys, dns_name(child), view, kNow);
    State made{.kind = found.kind};
    switch (found.state) {
      case DsState::kSecure:
        made.state = ZoneState::kDs;
        break;
      case DsState::kNoDs:
        made.state = ZoneState::kNoDs;
        break;
      case DsState::kNoCut:
        made.state = ZoneState::kNoCut;
        break;
      case DsState::kInsecure:
        made.state = ZoneState::kInsecure;
        break;
      case DsState::kBogus:
        made.state = ZoneState::kBogus;
        break;
      case DsState::kNotThere:
        made.state = ZoneState::kDsNotThere;
        break;
    }
    return made;
  }

  static std::string text_of(const State& state) {
    return fmt::format("{} {} {}", word(state.state), caascan::word(state.kind), state.signer);
  }

  void compare(ZoneFault fault, const Question& asked, const Reply& reply, const State& wanted,
               const State& got) {
    ++report_.states[static_cast<std::size_t>(wanted.state)];
    if (wanted.state == got.state && wanted.kind == got.kind && wanted.signer == got.signer) return;
    if (wanted.perhaps && got.state == ZoneState::kBogus && got.kind == BogusKind::kWrongDenial)
      return;
    differ(fault, asked, reply, text_of(wanted), text_of(got));
  }

  void differ(ZoneFault fault, const Question& asked, const Reply& reply, const std::string& wanted,
              const std::string& got) {
    constexpr std::array<std::string_view, 3> kKinds = {"NSEC", "NSEC3", "opt-out"};
    std::string text = fmt::format(
        "{} {} in {} ({}, {} iterations), fault {}: expected {}, got {}; rcode {}", asked.name,
        wire::word(asked.type), plan_.apex, kKinds[static_cast<std::size_t>(plan_.kind)],
        plan_.parameters.iterations, word(fault), wanted, got, static_cast<int>(reply.rcode));
    for (const Piece& piece : reply.pieces) {
      text +=
          fmt::format("\n    {} {} {} worth {}", static_cast<int>(piece.section), piece.set.owner,
                      wire::word(piece.set.type), static_cast<int>(piece.worth));
      if (piece.link) {
        text += fmt::format(" [{} -> {}]", plan_.chain[*piece.link],
                            plan_.chain[(*piece.link + 1) % plan_.chain.size()]);
      }
    }
    text += "\n    zone:";
    for (const auto& [name, types] : plan_.nodes) {
      text += " " + name;
      for (const RecordType type : types) text += "/" + std::string(wire::word(type));
    }
    report_.differences.push_back(std::move(text));
  }

  DrawnZone zone_;
  Draw& draw_ = zone_.draw();
  const Plan& plan_ = zone_.plan();
  engine::Validator validator_;
  ZoneReport report_;
};

}  // namespace

std::string_view word(ZoneFault fault) {
  constexpr std::array<std::string_view, kZoneFaultCount> kWords = {"none",
                                                                    "one-unsigned",
                                                                    "all-unsigned",
                                                                    "signature-flipped",
                                                                    "expired",
                                                                    "all-expired",
                                                                    "not-yet-valid",
                                                                    "apex-denial",
                                                                    "other-denial",
                                                                    "denial-missing",
                                                                    "part-of-denial-missing",
                                                                    "soa-missing",
                                                                    "ds-mismatch",
                                                                    "ds-beside-mismatch",
                                                                    "sha1-beside",
                                                                    "unknown-ds",
                                                                    "dnskey-missing",
                                                                    "unknown-algorithm",
                                                                    "answer-of-another-name",
                                                                    "nxdomain-for-all",
                                                                    "noerror-for-all",
                                                                    "error-rcode",
                                                                    "data-changed",
                                                                    "referral-without-proof",
                                                                    "referral-upwards",
                                                                    "signed-by-parent",
                                                                    "signed-by-sibling",
                                                                    "signed-by-another-key",
                                                                    "signed-below",
                                                                    "wildcard-for-any-name",
                                                                    "on-parents-servers",
                                                                    "unsigned-zone",
                                                                    "another-alias-follows",
                                                                    "bad-signature-beside",
                                                                    "ttl-lowered",
                                                                    "more-proof"};
  return kWords[static_cast<std::size_t>(fault)];
}

std::string_view word(ZoneState state) {
  constexpr std::array<std::string_view, kZoneStateCount> kWords = {
      "secure", "insecure", "bogus",  "unsigned",  "signed-below",
      "ds",     "no-ds",    "no-cut", "not-there", "no-verdict"};
  return kWords[static_cast<std::size_t>(state)];
}

ZoneReport run_zone(std::uint64_t seed) {
  return ZoneRun(seed).run();
}

}  // namespace caascan::sim
