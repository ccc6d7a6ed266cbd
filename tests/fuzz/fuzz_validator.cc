// Three properties, by the first octet of the input:
//  - any octets as a message: no key has signed them, so nothing is proven by them;
//  - a right answer with octets changed, under another key than its own: the same;
//  - some of the records of a zone, rightly signed: what they prove is so in the zone.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ingest/assert.h"
#include "scanner/engine/validator.h"
#include "tests/support/zone_signer.h"

namespace {

using namespace caascan;
using engine::DsState;
using engine::Proof;
using test::Message;
using test::SignedZone;
using wire::DnsName;
using wire::RecordType;
using wire::Section;
using Claim = engine::Validator::Claim;

constexpr std::size_t kCacheOctets = 4096;
constexpr const char* kApex = "z.test";

// Takes choices off the input; zero where it has ended.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  unsigned below(unsigned bound) { return octet() % bound; }
  std::uint8_t octet() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  wire::Bytes rest() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

std::string draw_name(Choices& choices) {
  constexpr std::array<const char*, 5> kLabels = {"a", "b", "c", "*", "aa"};
  std::string name = kApex;
  for (unsigned depth = choices.below(4); depth > 0; --depth)
    name = std::string(kLabels[choices.below(kLabels.size())]) + "." + name;
  return name;
}

DnsName name_of(const std::string& text) {
  return DnsName::from_text(text).value();
}

engine::ZoneKeys keys_of(const test::SigningKey& key) {
  return {.zone = name_of(key.zone()), .keys = {key.dnskey()}};
}

// Nothing may be proven by `message` for who trusts `key`.
void expect_nothing(const test::SigningKey& key, wire::Bytes message, Choices choices) {
  const auto view = wire::MessageView::parse(message);
  if (!view) return;
  engine::Validator validator(kCacheOctets);
  const engine::ZoneKeys keys = keys_of(key);
  const DnsName name = name_of(draw_name(choices));
  for (const Claim claim : {Claim::kAnswer, Claim::kAlias, Claim::kNodata, Claim::kNxDomain}) {
    const auto got =
        validator.check_answer(keys, name, RecordType::kCaa, claim, *view, test::kNow_unix_s);
    CAASCAN_ASSERT(got.proof != Proof::kSecure && got.proof != Proof::kInsecure);
    CAASCAN_ASSERT((got.proof == Proof::kSignedBelow) == (got.kind == BogusKind::kNone));
  }
  if (!name.is_root() && name != keys.zone) {
    const auto ds = validator.check_ds(keys, name, *view, test::kNow_unix_s);
    CAASCAN_ASSERT(ds.state == DsState::kBogus || ds.state == DsState::kNotThere);
  }
  engine::ZoneKeys made;
  const auto got = validator.check_keys(keys.zone, {key.ds()}, *view, test::kNow_unix_s, made);
  CAASCAN_ASSERT(got.proof == Proof::kBogus && made.keys.empty());
}

SignedZone fixed_zone(bool nsec3) {
  SignedZone zone({.name = kApex, .nsec3 = nsec3, .seed = "the zone's own"});
  zone.add("a.z.test", RecordType::kCaa, {test::caa_rdata("a.test")});
  zone.add("*.b.z.test", RecordType::kCaa, {test::caa_rdata("a.test")});
  zone.add("a.c.z.test", RecordType::kCname, {test::name_rdata("a.z.test")});
  zone.delegate("aa.z.test", {});
  return zone;
}

void change_an_answer(Choices choices) {
  static const std::array<SignedZone, 2> kZones = {fixed_zone(false), fixed_zone(true)};
  static const test::SigningKey kOther(kApex, "another");
  constexpr std::array<RecordType, 4> kTypes = {RecordType::kCaa, RecordType::kDs,
                                                RecordType::kDnskey, RecordType::kA};
  const SignedZone& zone = kZones[choices.below(2)];
  Choices name_choices = choices;
  const std::string name = draw_name(choices);
  const bool at_cut = name == "aa.z.test" || name.ends_with(".aa.z.test");
  const RecordType type = kTypes[choices.below(kTypes.size())];
  if (at_cut && type == RecordType::kDs && name != "aa.z.test") return;
  std::vector<std::uint8_t> bytes = zone.answer(name, type).bytes();
  while (!choices.empty()) {
    const std::size_t at = (std::size_t{choices.octet()} << 8 | choices.octet()) % bytes.size();
    bytes[at] ^= choices.octet();
  }
  expect_nothing(kOther, bytes, name_choices);
}

// What is so in a zone of this fuzzer.
struct Truth {
  enum class Cut { kNone, kInsecure, kSecure };
  std::map<std::string, std::vector<RecordType>> nodes;
  std::map<std::string, Cut> cuts;

  static std::string parent(const std::string& name) { return name.substr(name.find('.') + 1); }
  static bool is_within(const std::string& name, const std::string& ancestor) {
    return name == ancestor || name.ends_with("." + ancestor);
  }
  [[nodiscard]] bool exists(const std::string& name) const {
    return std::ranges::any_of(nodes, [&](const auto& n) { return is_within(n.first, name); });
  }
  // The highest cut at or above `name`.
  [[nodiscard]] Cut cut_above(const std::string& name) const {
    Cut found = Cut::kNone;
    for (std::string at = name; at != kApex; at = parent(at))
      if (const auto cut = cuts.find(at); cut != cuts.end()) found = cut->second;
    return found;
  }
  [[nodiscard]] std::string encloser(const std::string& name) const {
    std::string at = parent(name);
    while (!exists(at)) at = parent(at);
    return at;
  }
  [[nodiscard]] bool lacks(const std::string& name, RecordType type) const {
    const auto node = nodes.find(name);
    return node == nodes.end() || (!std::ranges::count(node->second, type) &&
                                   !std::ranges::count(node->second, RecordType::kCname));
  }
  [[nodiscard]] bool no_data(const std::string& name, RecordType type) const {
    if (cut_above(name) != Cut::kNone) return false;
    if (exists(name)) return lacks(name, type);
    const std::string wildcard = "*." + encloser(name);
    return exists(wildcard) && lacks(wildcard, type) && !cuts.contains(wildcard);
  }
  [[nodiscard]] bool no_name(const std::string& name) const {
    return cut_above(name) == Cut::kNone && !exists(name) && !exists("*." + encloser(name));
  }
};

void prove_from_a_zone(Choices choices) {
  const bool nsec3 = choices.below(2) == 1;
  SignedZone zone({.name = kApex, .nsec3 = nsec3, .seed = "fuzz"});
  Truth truth;
  truth.nodes[kApex] = {RecordType::kSoa, RecordType::kNs, RecordType::kDnskey};
  for (unsigned count = choices.below(6); count > 0; --count) {
    const std::string name = draw_name(choices);
    const unsigned kind = choices.below(5);
    if (truth.nodes.contains(name)) continue;
    switch (kind) {
      case 0:
        zone.add(name, RecordType::kCname, {test::name_rdata("elsewhere.test")});
        truth.nodes[name] = {RecordType::kCname};
        break;
      case 1:
        zone.add(name, RecordType::kA, {{192, 0, 2, 1}});
        truth.nodes[name] = {RecordType::kA};
        break;
      case 2:
        zone.add(name, RecordType::kCaa, {test::caa_rdata("a.test")});
        truth.nodes[name] = {RecordType::kCaa};
        break;
      default:
        zone.delegate(name, kind == 3 ? std::vector<wire::DsRecord>() : zone.ds());
        truth.nodes[name] = {RecordType::kNs};
        truth.cuts[name] = kind == 3 ? Truth::Cut::kInsecure : Truth::Cut::kSecure;
    }
  }
  const std::string asked = draw_name(choices);
  std::string wildcard;
  Message message(asked, RecordType::kCaa);
  message.add(Section::kAuthority, zone.set(kApex, RecordType::kSoa));
  const std::uint8_t chosen = choices.octet();
  unsigned bit = 0;
  for (const auto& [name, types] : truth.nodes) {
    // What lies below a cut has no record of its own.
    if (name != kApex && truth.cut_above(Truth::parent(name)) != Truth::Cut::kNone &&
        Truth::parent(name) != kApex) {
      continue;
    }
    if (name.starts_with('*') && std::ranges::count(types, RecordType::kCaa)) wildcard = name;
    if ((chosen >> (bit++ % 8) & 1) == 0) continue;
    message.add(Section::kAuthority, nsec3 ? zone.nsec3_of(name) : zone.nsec_of(name));
  }
  if (nsec3 && choices.below(2) == 1)
    message.add(Section::kAuthority, zone.nsec3_before(draw_name(choices)));

  engine::Validator validator(kCacheOctets);
  const engine::ZoneKeys keys = keys_of(zone.key());
  const auto check = [&](Claim claim, const Message& of) {
    const auto bytes = of.bytes();
    return validator
        .check_answer(keys, name_of(asked), RecordType::kCaa, claim,
                      wire::MessageView::parse(bytes).value(), test::kNow_unix_s)
        .proof;
  };
  const bool no_name = truth.no_name(asked);
  bool no_data = truth.no_data(asked, RecordType::kCaa);
  // As in Unbound, the record before a wildcard stands for one that has no records of its own.
  if (!nsec3 && !truth.exists(asked) && truth.cut_above(asked) == Truth::Cut::kNone) {
    const std::string of_encloser = "*." + truth.encloser(asked);
    if (truth.nodes.contains(of_encloser)) {
      const std::pair before(zone.nsec_before(of_encloser).owner, RecordType::kNsec);
      no_data = no_data || std::ranges::count(message.denials(), before) != 0;
    }
  }
  const Proof as_nodata = check(Claim::kNodata, message);
  CAASCAN_ASSERT(as_nodata != Proof::kSecure || no_data);
  const Proof as_nxdomain = check(Claim::kNxDomain, message);
  // With three NSEC records and more their order may deceive, as it does Unbound.
  const bool in_order = nsec3 || message.denials().size() <= 2;
  CAASCAN_ASSERT(as_nxdomain != Proof::kSecure || no_name || no_data || !in_order);
  const bool insecure = truth.cut_above(asked) == Truth::Cut::kInsecure;
  CAASCAN_ASSERT((as_nodata != Proof::kInsecure && as_nxdomain != Proof::kInsecure) || insecure);
  if (!wildcard.empty() && Truth::is_within(asked, Truth::parent(wildcard)) && asked != wildcard &&
      asked != Truth::parent(wildcard)) {
    Message positive = message;
    positive.add(Section::kAnswer, test::expanded(zone.set(wildcard, RecordType::kCaa), asked));
    const Proof got = check(Claim::kAnswer, positive);
    CAASCAN_ASSERT(got != Proof::kInsecure);
    CAASCAN_ASSERT(got != Proof::kSecure ||
                   (!truth.exists(asked) && truth.encloser(asked) == Truth::parent(wildcard) &&
                    truth.cut_above(asked) == Truth::Cut::kNone));
  }
  if (asked == kApex) return;
  const auto bytes = message.bytes();
  const auto ds = validator.check_ds(keys, name_of(asked), wire::MessageView::parse(bytes).value(),
                                     test::kNow_unix_s);
  const auto cut = truth.cuts.find(asked);
  CAASCAN_ASSERT(ds.state != DsState::kSecure && ds.state != DsState::kInsecure);
  CAASCAN_ASSERT(ds.state != DsState::kNoCut || cut == truth.cuts.end());
  CAASCAN_ASSERT(ds.state != DsState::kNoDs ||
                 (cut != truth.cuts.end() && cut->second == Truth::Cut::kInsecure));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  switch (choices.below(3)) {
    case 0: {
      static const test::SigningKey kKey(kApex, "nobody's");
      expect_nothing(kKey, choices.rest(), choices);
      break;
    }
    case 1:
      change_an_answer(choices);
      break;
    default:
      prove_from_a_zone(choices);
  }
  return 0;
}
