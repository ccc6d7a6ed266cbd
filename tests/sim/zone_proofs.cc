#include "tests/sim/zone_proofs.h"

#include <algorithm>

namespace caascan::sim::zones {

Proofs::Found Proofs::nodata(const std::string& name, RecordType type) const {
  return plan_.nsec3() ? Found{nodata_by_nsec3(name, type)} : nodata_by_nsec(name, type);
}

Proofs::Found Proofs::name_error(const std::string& name, RecordType type) const {
  if (plan_.nsec3()) return {name_error_by_nsec3(name)};
  const Found as_nodata = nodata_by_nsec(name, type);
  if (as_nodata.state == ZoneState::kInsecure) return as_nodata;
  const bool no_name = covers(name) && !plan_.exists(name);
  if (no_name) {
    const std::string wildcard = below("*", plan_.encloser(name));
    if (!plan_.exists(wildcard) && covers(wildcard)) return {ZoneState::kSecure};
  }
  return as_nodata;  // Unbound forgives the rcode
}

Proofs::Found Proofs::closer(const std::string& name, const std::string& encloser) const {
  if (!plan_.nsec3()) {
    const bool right = !plan_.exists(name) && covers(name) && plan_.encloser(name) == encloser;
    return {right ? ZoneState::kSecure : ZoneState::kBogus};
  }
  if (plan_.costly()) return {links_.empty() ? ZoneState::kBogus : ZoneState::kInsecure};
  if (!covers(next_closer(name, encloser))) return {};
  return {opted_out(ZoneState::kSecure)};
}

Proofs::Found Proofs::ds(const std::string& name) const {
  if (!plan_.nsec3()) return ds_by_nsec(name);
  if (plan_.costly()) return {links_.empty() ? ZoneState::kBogus : ZoneState::kInsecure};
  if (matches(name)) return {ds_at(name)};
  std::string encloser;
  if (find_encloser(name, encloser) != ZoneState::kSecure) return {};
  return {plan_.kind == ZoneKind::kOptOut ? ZoneState::kNoDs : ZoneState::kNoCut};
}

bool Proofs::matches(const std::string& name) const {
  const auto at = plan_.link_of(name);
  return at && links_.contains(*at);
}

bool Proofs::covers(const std::string& name) const {
  if (plan_.link_of(name)) return false;
  const std::size_t before = plan_.link_before(name);
  if (!links_.contains(before)) return false;
  if (plan_.nsec3()) return true;
  // The parent's record at a delegation or DNAME does not speak of what lies below.
  const std::string& owner = plan_.chain[before];
  return !is_within(name, owner) || (!plan_.is_cut(owner) && !plan_.has(owner, RecordType::kDname));
}

bool Proofs::lacks(const std::string& name, RecordType type) const {
  return !plan_.has(name, type) && !plan_.has(name, RecordType::kCname);
}

ZoneState Proofs::opted_out(ZoneState otherwise) const {
  return plan_.kind == ZoneKind::kOptOut ? ZoneState::kInsecure : otherwise;
}

const std::string& Proofs::next_of(std::size_t link) const {
  return plan_.chain[(link + 1) % plan_.chain.size()];
}

bool Proofs::is_insecure_cut(const std::string& name) const {
  return plan_.is_cut(name) && !plan_.has(name, RecordType::kDs);
}

bool Proofs::shows_something_below(const std::string& name) const {
  if (plan_.link_of(name)) return false;
  const std::size_t before = plan_.link_before(name);
  return links_.contains(before) && is_strictly_within(next_of(before), name);
}

Proofs::Wildcards Proofs::wildcards(const std::string& name, RecordType type) const {
  Wildcards made;
  for (std::string at = name; at != plan_.apex;) {
    at = parent_of(at);
    const std::string wildcard = below("*", at);
    for (const std::size_t link : links_) {
      const std::string& owner = plan_.chain[link];
      const std::string& next = next_of(link);
      if (owner == name || is_strictly_within(next, name)) continue;  // it speaks of the name
      const bool own = owner == wildcard && lacks(wildcard, type);
      const bool before = !is_wildcard(owner) && !is_within(name, wildcard) &&
                          !is_within(owner, wildcard) && is_within(next, wildcard);
      if (own || before) made.parents.insert(at);
      made.own = made.own || own;
    }
  }
  return made;
}

Proofs::Found Proofs::nodata_by_nsec(const std::string& name, RecordType type) const {
  for (const std::size_t link : links_) {
    if (is_insecure_cut(plan_.chain[link]) && is_within(name, plan_.chain[link]))
      return {ZoneState::kInsecure};
  }
  const bool here =
      (matches(name) && lacks(name, type) && !plan_.is_cut(name)) || shows_something_below(name);
  const Wildcards found = wildcards(name, type);
  if (found.parents.empty()) return {here ? ZoneState::kSecure : ZoneState::kBogus};
  const bool closest =
      !plan_.exists(name) && covers(name) && found.parents.contains(plan_.encloser(name));
  // Of several wildcards it depends on the order of the records which one counts.
  return {closest ? ZoneState::kSecure : ZoneState::kBogus, closest && found.parents.size() > 1};
}

ZoneState Proofs::ds_at(const std::string& name) const {
  if (name == plan_.apex && name != ".") return ZoneState::kBogus;
  if (plan_.has(name, RecordType::kDs)) return ZoneState::kBogus;
  return plan_.is_cut(name) ? ZoneState::kNoDs : ZoneState::kNoCut;
}

Proofs::Found Proofs::ds_by_nsec(const std::string& name) const {
  if (matches(name)) return {ds_at(name)};
  const bool no_name = !plan_.exists(name) && covers(name);
  const Wildcards found = wildcards(name, RecordType::kDs);
  if (!found.parents.empty()) {
    const bool closest = no_name && found.parents.contains(plan_.encloser(name)) && found.own;
    return {closest ? ZoneState::kNoCut : ZoneState::kBogus, closest && found.parents.size() > 1};
  }
  if (shows_something_below(name)) return {ZoneState::kNoCut};
  if (!no_name) return {};
  const std::string wildcard = below("*", plan_.encloser(name));
  return {!plan_.exists(wildcard) && covers(wildcard) ? ZoneState::kNoCut : ZoneState::kBogus};
}

ZoneState Proofs::find_encloser(const std::string& name, std::string& encloser) const {
  encloser = name;
  while (!matches(encloser)) {
    if (encloser == plan_.apex) return ZoneState::kBogus;
    encloser = parent_of(encloser);
  }
  if (encloser == name || plan_.has(encloser, RecordType::kDname)) return ZoneState::kBogus;
  if (plan_.is_cut(encloser))
    return is_insecure_cut(encloser) ? ZoneState::kInsecure : ZoneState::kBogus;
  return covers(next_closer(name, encloser)) ? ZoneState::kSecure : ZoneState::kBogus;
}

ZoneState Proofs::nodata_by_nsec3(const std::string& name, RecordType type) const {
  if (links_.empty()) return ZoneState::kBogus;
  if (plan_.costly()) return ZoneState::kInsecure;
  if (matches(name)) {
    if (!lacks(name, type)) return ZoneState::kBogus;
    if (!plan_.is_cut(name)) return ZoneState::kSecure;
    return is_insecure_cut(name) ? ZoneState::kInsecure : ZoneState::kBogus;
  }
  std::string encloser;
  const ZoneState above = find_encloser(name, encloser);
  if (above != ZoneState::kSecure) return above;
  const std::string wildcard = below("*", encloser);
  if (matches(wildcard))
    return lacks(wildcard, type) ? opted_out(ZoneState::kSecure) : ZoneState::kBogus;
  return opted_out(ZoneState::kBogus);
}

ZoneState Proofs::name_error_by_nsec3(const std::string& name) const {
  if (links_.empty()) return ZoneState::kBogus;
  if (plan_.costly()) return ZoneState::kInsecure;
  std::string encloser;
  const ZoneState above = find_encloser(name, encloser);
  if (above != ZoneState::kSecure) return above;
  return covers(below("*", encloser)) ? opted_out(ZoneState::kSecure) : ZoneState::kBogus;
}

}  // namespace caascan::sim::zones
