#include "tests/sim/zone_oracle.h"

#include <array>

#include "ingest/assert.h"

namespace caascan::sim::zones {

std::string_view reply_word(ReplyKind kind) {
  constexpr std::array<std::string_view, 9> kWords = {"answer", "nodata",   "nxdomain",
                                                      "alias",  "referral", "recursion-lame",
                                                      "lame",   "error",    "malformed"};
  return kWords[static_cast<std::size_t>(kind)];
}

ReplyKind Oracle::kind(std::string& cut) const {
  const bool nxdomain = reply_.rcode == wire::Rcode::kNxDomain;
  if (reply_.rcode != wire::Rcode::kNoError && !nxdomain) return ReplyKind::kError;
  if (find(asked_.name, asked_.type, Section::kAnswer) != nullptr) return ReplyKind::kAnswer;
  if (find(asked_.name, RecordType::kCname, Section::kAnswer) != nullptr || dname() != nullptr)
    return ReplyKind::kAlias;
  if (nxdomain) return ReplyKind::kNxDomain;
  for (const Piece& piece : reply_.pieces)
    if (piece.is_soa() && is_within(asked_.name, piece.set.owner)) return ReplyKind::kNodata;
  for (const Piece& piece : reply_.pieces) {
    if (piece.section != Section::kAuthority || piece.set.type != RecordType::kNs) continue;
    const std::string& owner = piece.set.owner;
    if (owner == zone_) continue;
    if (is_within(zone_, owner)) return ReplyKind::kLame;
    if (!is_within(asked_.name, owner)) continue;
    if (asked_.type == RecordType::kDs && owner == asked_.name) return ReplyKind::kLame;
    cut = owner;
    return ReplyKind::kReferral;
  }
  return ReplyKind::kNodata;
}

State Oracle::answer(ReplyKind kind) const {
  return kind == ReplyKind::kAnswer || kind == ReplyKind::kAlias ? present(kind) : absent(kind);
}

State Oracle::ds(const std::string& child) const {
  for (const Piece& piece : reply_.pieces) {
    const bool is_ds = piece.set.type == RecordType::kDs;
    const bool is_alias = piece.set.type == RecordType::kCname && piece.section == Section::kAnswer;
    if (piece.set.owner != child || (!is_ds && !is_alias)) continue;
    if (piece.worth != Worth::kGood) return bogus(kind_of(piece));
    return {is_ds ? ZoneState::kDs : ZoneState::kNoCut};
  }
  Links links;
  bool any = false;
  for (const Piece& piece : reply_.pieces) {
    if (!piece.is_denial() || !piece.is_by_zone()) continue;
    if (piece.worth == Worth::kBad) return bogus(piece.kind);
    any = true;
    links.insert(*piece.link);
  }
  if (!any) return {ZoneState::kDsNotThere};
  return conclude(Proofs(plan_, links).ds(child), links);
}

const Piece* Oracle::dname() const {
  const Piece* deepest = nullptr;
  for (const Piece& piece : reply_.pieces) {
    if (piece.section != Section::kAnswer || piece.set.type != RecordType::kDname ||
        !is_strictly_within(asked_.name, piece.set.owner)) {
      continue;
    }
    if (deepest == nullptr || is_within(piece.set.owner, deepest->set.owner)) deepest = &piece;
  }
  return deepest;
}

BogusKind Oracle::kind_of(const Piece& piece) {
  return piece.worth == Worth::kBad ? piece.kind : BogusKind::kNoSignature;
}

const Piece* Oracle::find(const std::string& owner, RecordType type, Section section) const {
  for (const Piece& piece : reply_.pieces)
    if (piece.section == section && piece.set.owner == owner && piece.set.type == type)
      return &piece;
  return nullptr;
}

State Oracle::conclude(Proofs::Found found, const Links& links) {
  if (found.state != ZoneState::kBogus) return {.state = found.state, .perhaps = found.perhaps};
  return bogus(links.empty() ? BogusKind::kNoDenialProof : BogusKind::kWrongDenial);
}

State Oracle::not_by_zone(const std::vector<const Piece*>& pieces) const {
  State made{ZoneState::kUnsigned, BogusKind::kNoSignature};
  for (const Piece* piece : pieces) {
    if (piece->signer.empty() || !is_strictly_within(piece->signer, zone_) ||
        !is_within(asked_.name, piece->signer)) {
      continue;
    }
    if (made.state == ZoneState::kSignedBelow && is_within(made.signer, piece->signer)) continue;
    made = {ZoneState::kSignedBelow, BogusKind::kNone, piece->signer};
  }
  return made;
}

State Oracle::present(ReplyKind kind) const {
  const Piece* from_dname = kind == ReplyKind::kAlias ? dname() : nullptr;
  const Piece* set = find(asked_.name, kind == ReplyKind::kAlias ? RecordType::kCname : asked_.type,
                          Section::kAnswer);
  const Piece* main = from_dname != nullptr ? from_dname : set;
  CAASCAN_ASSERT(main != nullptr);
  if (!main->is_by_zone()) return not_by_zone({main});
  if (main->worth == Worth::kBad) return bogus(main->kind);
  if (from_dname != nullptr) {
    return set == nullptr || set->right ? State{ZoneState::kSecure}
                                        : bogus(BogusKind::kBadSignature);
  }
  Links links;
  for (const Piece& piece : reply_.pieces) {
    if (piece.section != Section::kAuthority || piece.set.type == RecordType::kNs ||
        !piece.is_by_zone()) {
      continue;
    }
    if (piece.worth == Worth::kBad) return bogus(piece.kind);
    if (piece.link) links.insert(*piece.link);
  }
  if (main->signed_owner == main->set.owner) return {ZoneState::kSecure};
  return conclude(Proofs(plan_, links).closer(asked_.name, parent_of(main->signed_owner)), links);
}

State Oracle::absent(ReplyKind kind) const {
  std::vector<const Piece*> counted;
  bool proof = false, proof_by_zone = false, soa_by_zone = false;
  for (const Piece& piece : reply_.pieces) {
    if (!piece.is_denial() && !piece.is_soa()) continue;
    counted.push_back(&piece);
    proof = proof || piece.is_denial();
    (piece.is_denial() ? proof_by_zone : soa_by_zone) |= piece.is_by_zone();
  }
  if (!proof_by_zone) {
    const State made = not_by_zone(counted);
    if (made.state == ZoneState::kUnsigned && soa_by_zone && !proof)
      return bogus(BogusKind::kNoDenialProof);
    return made;
  }
  Links links;
  for (const Piece* piece : counted) {
    if (piece->worth != Worth::kGood) return bogus(kind_of(*piece));
    if (piece->link) links.insert(*piece->link);
  }
  const Proofs proofs(plan_, links);
  return conclude(kind == ReplyKind::kNodata ? proofs.nodata(asked_.name, asked_.type)
                                             : proofs.name_error(asked_.name, asked_.type),
                  links);
}

}  // namespace caascan::sim::zones
