// What a reply means and proves.
//
// Every set of a message is a Piece, which knows what was done to its signature. The oracle reads
// that, the zone's names and the places of the NSEC(3) records in the zone's chain; it never looks
// at octets, and never asks the code under test. Where Unbound is laxer or stricter than the RFCs,
// it says what Unbound says, with a word on why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scanner/engine/reply_class.h"
#include "tests/sim/random_zones.h"
#include "tests/sim/zone_plan.h"
#include "tests/sim/zone_proofs.h"

namespace caascan::sim::zones {

using engine::ReplyKind;
using test::Records;
using wire::Section;

// A set of a message, and what its signatures are worth.
struct Piece {
  enum class Worth : std::uint8_t {
    kGood,
    kBad,      // by the zone, but `kind`
    kUnsigned  // by nobody, or by `signer`
  };
  Section section;
  Records set;
  std::string signed_owner;  // the wildcard, where the set was made from one
  Worth worth = Worth::kUnsigned;
  BogusKind kind = BogusKind::kNone;
  std::string signer;               // another zone
  std::optional<std::size_t> link;  // of a denial
  bool right = true;                // of a CNAME that follows from a DNAME

  [[nodiscard]] bool is_denial() const {
    return section == Section::kAuthority &&
           (set.type == RecordType::kNsec || set.type == RecordType::kNsec3);
  }
  [[nodiscard]] bool is_soa() const {
    return section == Section::kAuthority && set.type == RecordType::kSoa;
  }
  [[nodiscard]] bool is_by_zone() const { return worth != Worth::kUnsigned; }
};
using Worth = Piece::Worth;

struct State {
  ZoneState state = ZoneState::kNoVerdict;
  BogusKind kind = BogusKind::kNone;
  std::string signer;
  bool perhaps = false;  // may be bogus (a wrong denial) as well
};

struct Question {
  std::string name;
  RecordType type = RecordType::kCaa;
};

struct Reply {
  std::vector<Piece> pieces;
  wire::Rcode rcode = wire::Rcode::kNoError;
};

[[nodiscard]] std::string_view reply_word(ReplyKind kind);

// The oracle: what a reply means, and what it proves to who has the keys of `zone`.
class Oracle {
 public:
  Oracle(const Plan& plan, std::string zone, const Question& asked, const Reply& reply)
      : plan_(plan), zone_(std::move(zone)), asked_(asked), reply_(reply) {}

  // `cut`: of a referral, where to.
  [[nodiscard]] ReplyKind kind(std::string& cut) const;

  [[nodiscard]] State answer(ReplyKind kind) const;

  [[nodiscard]] State ds(const std::string& child) const;

  [[nodiscard]] const Piece* dname() const;

 private:
  static State bogus(BogusKind kind) { return {ZoneState::kBogus, kind}; }
  static BogusKind kind_of(const Piece& piece);
  [[nodiscard]] const Piece* find(const std::string& owner, RecordType type, Section section) const;
  static State conclude(Proofs::Found found, const Links& links);
  // Of sets that the zone did not sign: who did.
  [[nodiscard]] State not_by_zone(const std::vector<const Piece*>& pieces) const;

  [[nodiscard]] State present(ReplyKind kind) const;

  [[nodiscard]] State absent(ReplyKind kind) const;

  const Plan& plan_;
  std::string zone_;
  const Question& asked_;
  const Reply& reply_;
};

}  // namespace caascan::sim::zones
