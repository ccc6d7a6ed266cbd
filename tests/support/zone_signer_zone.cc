// Whole zones, and what their server answers.
#include <algorithm>
#include <set>

#include "ingest/assert.h"
#include "tests/support/zone_signer_octets.h"

namespace caascan::test {
namespace {

std::string parent_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return name == "." || dot == std::string::npos ? "." : name.substr(dot + 1);
}

bool is_within(const std::string& name, const std::string& ancestor) {
  return ancestor == "." || name == ancestor || name.ends_with("." + ancestor);
}

std::string wildcard_of(const std::string& encloser) {
  return encloser == "." ? "*" : "*." + encloser;
}

}  // namespace

SignedZone::SignedZone(ZoneOptions options)
    : options_(std::move(options)),
      key_(options_.key
               ? *options_.key
               : SigningKey(options_.name, options_.seed.empty() ? options_.name : options_.seed,
                            options_.algorithm)) {
  add(name(), RecordType::kSoa, {soa_rdata(name())});
  add(name(), RecordType::kNs, {name_rdata("ns." + (name() == "." ? "" : name()))});
  add(name(), RecordType::kDnskey, {key_.dnskey().rdata});
}

void SignedZone::add(const std::string& owner, RecordType type, std::vector<Rdata> rdatas) {
  Place place;
  for (std::string at = owner; at != "."; at = parent_of(at))
    place.insert(place.begin(), at.substr(0, at.find('.')));
  Node& node = nodes_[place];
  node.name = owner;
  node.sets[type] = std::move(rdatas);
  signed_.clear();
  hashes_.clear();
}

void SignedZone::delegate(const std::string& child, std::vector<wire::DsRecord> ds) {
  add(child, RecordType::kNs, {name_rdata("ns." + child)});
  std::vector<Rdata> rdatas;
  for (const wire::DsRecord& one : ds) rdatas.push_back(ds_rdata(one));
  if (!rdatas.empty()) add(child, RecordType::kDs, std::move(rdatas));
}

const SignedZone::Node* SignedZone::find(const std::string& name) const {
  for (const auto& [place, node] : nodes_)
    if (node.name == name) return &node;
  return nullptr;
}

bool SignedZone::exists(const std::string& name) const {
  return std::ranges::any_of(nodes_,
                             [&](const auto& node) { return is_within(node.second.name, name); });
}

bool SignedZone::is_cut(const Node& node) const {
  return node.name != name() && node.sets.contains(RecordType::kNs);
}

bool SignedZone::is_below_cut(const std::string& name) const {
  return std::ranges::any_of(nodes_, [&](const auto& node) {
    return is_cut(node.second) && name != node.second.name && is_within(name, node.second.name);
  });
}

std::vector<RecordType> SignedZone::types_at(const std::string& name, RecordType denial) const {
  std::vector<RecordType> types;
  const Node* node = find(name);
  bool is_signed = denial == RecordType::kNsec;
  if (node != nullptr) {
    for (const auto& [type, rdatas] : node->sets) {
      types.push_back(type);
      is_signed = is_signed || !is_cut(*node) || type == RecordType::kDs;
    }
  }
  if (is_signed) types.push_back(RecordType::kRrsig);
  if (denial == RecordType::kNsec) types.push_back(denial);
  return types;
}

Records SignedZone::sign(const Records& set) const {
  const auto [at, added] = signed_.try_emplace(std::pair(set.owner, set.type));
  if (added) at->second = key_.sign(set, options_.validity);
  return at->second;
}

Records SignedZone::set(const std::string& owner, RecordType type) const {
  const Node* node = find(owner);
  CAASCAN_ASSERT(node != nullptr && node->sets.contains(type));
  const Records plain = {
      .owner = owner, .type = type, .rdatas = node->sets.at(type), .ttl_s = options_.ttl_s};
  return is_cut(*node) && type == RecordType::kNs ? plain : sign(plain);
}

Records SignedZone::nsec_of(const std::string& owner) const {
  auto at = std::ranges::find_if(nodes_, [&](const auto& n) { return n.second.name == owner; });
  CAASCAN_ASSERT(at != nodes_.end());
  std::string next = name();
  while (++at != nodes_.end()) {
    if (is_below_cut(at->second.name)) continue;
    next = at->second.name;
    break;
  }
  return sign({.owner = owner,
               .type = RecordType::kNsec,
               .rdatas = {nsec_rdata(next, types_at(owner, RecordType::kNsec))},
               .ttl_s = options_.ttl_s});
}

Records SignedZone::nsec_before(const std::string& name) const {
  Place place;
  for (std::string at = name; at != "."; at = parent_of(at))
    place.insert(place.begin(), at.substr(0, at.find('.')));
  const std::string* owner = &options_.name;
  for (const auto& [other, node] : nodes_)
    if (other < place && !is_below_cut(node.name)) owner = &node.name;
  return nsec_of(*owner);
}

const SignedZone::Hashes& SignedZone::hashes() const {
  if (!hashes_.empty()) return hashes_;
  std::set<std::string> names;
  for (const auto& [place, node] : nodes_) {
    if (is_below_cut(node.name)) continue;
    // An opted-out delegation has no record; the empty non-terminals above it do.
    const bool out =
        options_.parameters.opt_out && is_cut(node) && !node.sets.contains(RecordType::kDs);
    for (std::string at = out ? parent_of(node.name) : node.name; names.insert(at).second;
         at = parent_of(at)) {
      if (at == name()) break;
    }
  }
  for (const std::string& one : names)
    hashes_.emplace(nsec3_hash_of(one, options_.parameters), one);
  return hashes_;
}

Records SignedZone::nsec3_at(const Hashes& hashes, Hashes::const_iterator at) const {
  const auto next = std::next(at) == hashes.end() ? hashes.begin() : std::next(at);
  Records made = nsec3_records(name(), at->first, next->first,
                               types_at(at->second, RecordType::kNsec3), options_.parameters);
  made.ttl_s = options_.ttl_s;
  return sign(made);
}

Records SignedZone::nsec3_of(const std::string& name) const {
  const Hashes& all = hashes();
  const auto at = all.find(nsec3_hash_of(name, options_.parameters));
  CAASCAN_ASSERT(at != all.end());
  return nsec3_at(all, at);
}

Records SignedZone::nsec3_before(const std::string& name) const {
  const Hashes& all = hashes();
  const auto at = all.lower_bound(nsec3_hash_of(name, options_.parameters));
  return nsec3_at(all, at == all.begin() ? std::prev(all.end()) : std::prev(at));
}

// The records that say that `name` itself does not exist.
void SignedZone::deny(Message& message, const std::string& name) const {
  if (!options_.nsec3) {
    message.add(wire::Section::kAuthority, nsec_before(name));
    return;
  }
  std::string closer = name;
  while (!exists(parent_of(closer))) closer = parent_of(closer);
  message.add(wire::Section::kAuthority, nsec3_before(closer));
}

// The record that says what exists at `name`.
void SignedZone::deny_match(Message& message, const std::string& name) const {
  if (options_.nsec3) {
    message.add(wire::Section::kAuthority, nsec3_of(name));
  } else {
    // An empty non-terminal has no record: the one before it shows that there is something below.
    message.add(wire::Section::kAuthority,
                find(name) != nullptr ? nsec_of(name) : nsec_before(name));
  }
}

Message SignedZone::answer(std::string_view asked, RecordType type) const {
  using wire::Section;
  const std::string name = lower(asked);
  // The highest cut on the way counts. DS belongs to the parent's side of it.
  std::string cut;
  for (std::string at = name; is_within(at, options_.name) && at != options_.name;
       at = parent_of(at)) {
    const Node* node = find(at);
    if (node != nullptr && is_cut(*node) && !(at == name && type == RecordType::kDs)) cut = at;
  }
  Message message(asked, type);
  if (!cut.empty()) {
    message.add(Section::kAuthority, set(cut, RecordType::kNs));
    if (find(cut)->sets.contains(RecordType::kDs)) {
      message.add(Section::kAuthority, set(cut, RecordType::kDs));
    } else if (options_.nsec3 && options_.parameters.opt_out) {
      message.add(Section::kAuthority, nsec3_of(parent_of(cut)));
      deny(message, cut);
    } else {
      deny_match(message, cut);
    }
    return message;
  }
  if (const Node* node = find(name)) {
    for (const RecordType there : {type, RecordType::kCname}) {
      if (!node->sets.contains(there)) continue;
      message.add(Section::kAnswer, set(name, there));
      return message;
    }
  }
  const Records soa = set(options_.name, RecordType::kSoa);
  if (exists(name)) {
    message.add(Section::kAuthority, soa);
    const Node* node = find(name);
    if (node != nullptr && is_cut(*node) && options_.nsec3 && options_.parameters.opt_out &&
        !node->sets.contains(RecordType::kDs)) {
      message.add(Section::kAuthority, nsec3_of(parent_of(name)));
      deny(message, name);
    } else {
      deny_match(message, name);
    }
    return message;
  }
  std::string encloser = parent_of(name);
  while (!exists(encloser)) encloser = parent_of(encloser);
  if (const Node* node = find(encloser);
      node != nullptr && node->sets.contains(RecordType::kDname)) {
    message.add(Section::kAnswer, set(encloser, RecordType::kDname));
    Rdata target = name_rdata(name.substr(0, name.size() - encloser.size() - 1));
    target.pop_back();
    put(target, node->sets.at(RecordType::kDname).front());
    message.add(
        Section::kAnswer,
        {.owner = name, .type = RecordType::kCname, .rdatas = {target}, .ttl_s = options_.ttl_s});
    return message;
  }
  const std::string wildcard = wildcard_of(encloser);
  if (const Node* node = find(wildcard)) {
    for (const RecordType there : {type, RecordType::kCname}) {
      if (!node->sets.contains(there)) continue;
      message.add(Section::kAnswer, expanded(set(wildcard, there), name));
      deny(message, name);
      return message;
    }
    message.add(Section::kAuthority, soa);
    deny_match(message, wildcard);
    if (options_.nsec3) deny_match(message, encloser);
    deny(message, name);
    return message;
  }
  Message error(asked, type, wire::Rcode::kNxDomain);
  error.add(Section::kAuthority, soa);
  if (options_.nsec3) {
    error.add(Section::kAuthority, nsec3_of(encloser));
    deny(error, name);
    error.add(Section::kAuthority, nsec3_before(wildcard));
  } else {
    deny(error, name);
    error.add(Section::kAuthority, nsec_before(wildcard));
  }
  return error;
}

}  // namespace caascan::test
