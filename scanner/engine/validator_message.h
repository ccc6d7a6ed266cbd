// What the validator needs for one message: its sets, whether the zone signed them, and what has
// been computed before. For validator.cc alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "scanner/engine/validator.h"

namespace caascan::engine {

inline bool is_type(const wire::RrSet& set, wire::RecordType type) {
  return set.type == static_cast<std::uint16_t>(type);
}
inline bool is_denial(const wire::RrSet& set) {
  return is_type(set, wire::RecordType::kNsec) || is_type(set, wire::RecordType::kNsec3);
}
// Makes `kind` the one of both that tells most of several failures of one set.
void worsen(BogusKind& kind, BogusKind other);

// Signatures that were computed and found to be right: two generations, of which the older one goes
// when the younger one has used up half of the bytes.
class Validator::Memory {
 public:
  explicit Memory(std::size_t bytes_max) : entries_max_(bytes_max / 2 / kEntryOctets) {}

  bool holds(const wire::Sha256& digest) {
    if (young_.contains(digest)) return true;
    if (!old_.contains(digest)) return false;
    add(digest);
    return true;
  }

  void add(const wire::Sha256& digest) {
    if (entries_max_ == 0) return;
    if (young_.size() >= entries_max_) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert(digest);
  }

 private:
  static constexpr std::size_t kEntryOctets = 75;  // 33 each, in a table that has just grown

  struct Hash {
    std::size_t operator()(const wire::Sha256& digest) const noexcept {
      std::size_t value = 0;
      std::memcpy(&value, digest.data(), sizeof value);
      return value;
    }
  };
  using Generation = boost::unordered_flat_set<wire::Sha256, Hash>;

  std::size_t entries_max_;
  Generation young_, old_;
};

// The sets of one message, and what it may cost to check them.
class Validator::Message {
 public:
  // What came of the signatures of one set.
  struct Checked {
    bool good = false;
    BogusKind kind = BogusKind::kNone;
    bool expanded = false;  // made from the wildcard below `encloser`
    wire::DnsName encloser{};
    std::uint32_t ttl_s = 0xFFFFFFFF;
  };

  Message(Validator& validator, const wire::MessageView& view, std::int64_t now_unix_s,
          wire::Wanted wanted = wire::Wanted::kAll)
      : validator_(validator), now_(static_cast<std::uint32_t>(now_unix_s)) {
    auto sets = wire::read_rrsets(view, wanted);
    if (sets) {
      sets_ = std::move(*sets);
      readable_ = true;
    }
  }

  // The NSEC and NSEC3 sets in authority of another message, those apart that are here already.
  void add_proofs(const wire::MessageView& view) {
    auto sets = wire::read_rrsets(view);
    if (!sets) return;
    for (wire::RrSet& set : *sets) {
      if (set.section != wire::Section::kAuthority || !is_denial(set)) continue;
      if (find(set.owner, static_cast<wire::RecordType>(set.type), true) == nullptr)
        sets_.push_back(std::move(set));
    }
  }

  [[nodiscard]] bool readable() const { return readable_; }
  [[nodiscard]] const std::vector<wire::RrSet>& sets() const { return sets_; }
  [[nodiscard]] const wire::RrSet* find(const wire::DnsName& owner, wire::RecordType type,
                                        bool authority) const;

  // Whether any signature over `set` is good that one of `keys` made.
  Checked check(const wire::RrSet& set, const wire::DnsName& zone,
                const std::vector<wire::Dnskey>& keys);

 private:
  static bool may_sign(const wire::RrSet& set, const wire::Rrsig& signature,
                       const wire::DnsName& zone);
  static void note_expansion(const wire::RrSet& set, const wire::Rrsig& signature,
                             Checked& checked);
  bool is_right(const wire::RrSet& set, const wire::Rrsig& signature, const wire::Dnskey& key);
  [[nodiscard]] BogusKind check_time(const wire::Rrsig& signature) const;

  Validator& validator_;
  std::uint32_t now_;
  bool readable_ = false;
  std::vector<wire::RrSet> sets_;
  std::size_t failed_ = 0;
};

}  // namespace caascan::engine
