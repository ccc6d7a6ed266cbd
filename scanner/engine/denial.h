// Proofs that something is not there: NSEC (RFC 4035 §5.4) and NSEC3 (RFC 5155 §8), by the rules of
// Unbound's validator (val_nsec.c, val_nsec3.c) where those of the RFC leave a choice.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include <boost/container/small_vector.hpp>

#include "scanner/wire/dnssec.h"

namespace caascan::engine {

// NSEC3 with more iterations proves nothing, and the zone is as good as insecure (RFC 9276,
// Unbound: val-nsec3-keysize-iterations).
inline constexpr std::uint16_t kNsec3IterationsMax = 150;

// The order of names in a zone (RFC 4034 §6.1).
[[nodiscard]] std::strong_ordering canonical_order(const wire::DnsName& a, const wire::DnsName& b);

enum class Denied : std::uint8_t {
  kProven,
  kInsecure,   // what is asked for may be there unsigned: opt-out, an insecure delegation, or more
               // iterations than anybody computes
  kNotProven,  // these records prove something else
};

// What the records say of a DS set.
enum class DsDenied : std::uint8_t {
  kNoDs,       // a delegation without one, or within an opt-out span, where one may be unsigned
  kNoCut,      // no delegation
  kInsecure,   // more iterations than anybody computes
  kNotProven,  // these records prove something else
};

// The NSEC3 hashes of names, the last ones of them kept: an apex is hashed for every proof of its
// zone. A name has one place; the one that comes later has it. One thread.
class Nsec3Hashes {
 public:
  wire::Sha1 of(const wire::DnsName& name, wire::Bytes salt, std::uint16_t iterations);
  [[nodiscard]] std::uint64_t computed() const { return computed_; }

 private:
  struct Place {
    wire::DnsName name;
    wire::Rdata salt;
    std::uint16_t iterations = 0;
    bool used = false;
    wire::Sha1 hash{};
  };
  std::array<Place, 256> places_;
  std::uint64_t computed_ = 0;
};

// The NSEC and NSEC3 records of one message whose signatures have been found good. One zone; one
// thread.
class Denial {
 public:
  // Borrows `hashes`.
  Denial(const wire::DnsName& zone, Nsec3Hashes& hashes) : zone_(zone), hashes_(hashes) {}

  // `expanded_below`: the wildcard's parent where the set was made from one; it is the wildcard's
  // record then. What cannot be read, or is NSEC3 of an unknown kind (RFC 5155 §8.1, §8.2), proves
  // nothing. `set` must stay where it is.
  void add(const wire::RrSet& set, const wire::DnsName* expanded_below);

  [[nodiscard]] bool is_empty() const { return nsecs_.empty() && nsec3s_.empty(); }
  [[nodiscard]] bool has_nsec() const { return !nsecs_.empty(); }
  [[nodiscard]] bool has_nsec3() const { return !nsec3s_.empty(); }

  // No set of `type` (not DS) and no CNAME at `name`.
  [[nodiscard]] Denied nodata(const wire::DnsName& name, wire::RecordType type);
  // No such name; or, where that is not what the records say, no set of `type`: Unbound takes the
  // proof for what it is worth, whatever the rcode.
  [[nodiscard]] Denied name_error(const wire::DnsName& name, wire::RecordType type);
  // Nothing closer to `name` than the wildcard below `encloser`, from which an answer was made.
  [[nodiscard]] Denied closer_name(const wire::DnsName& name, const wire::DnsName& encloser);
  [[nodiscard]] DsDenied ds(const wire::DnsName& name);

 private:
  struct NsecRecord {
    wire::DnsName owner, next;
    wire::Bytes bitmap;
    [[nodiscard]] bool holds(wire::RecordType type) const { return bitmap_holds(bitmap, type); }
    [[nodiscard]] bool is_delegation() const {
      return holds(wire::RecordType::kNs) && !holds(wire::RecordType::kSoa);
    }
  };
  struct Nsec3Record {
    wire::Sha1 owner_hash{}, next_hash{};
    wire::Nsec3 data;
    [[nodiscard]] bool holds(wire::RecordType type) const {
      return bitmap_holds(data.bitmap, type);
    }
    [[nodiscard]] bool is_delegation() const {
      return holds(wire::RecordType::kNs) && !holds(wire::RecordType::kSoa);
    }
  };
  // A name that exists above the one asked for, and the record that covers the name between.
  struct Encloser {
    wire::DnsName name;
    const Nsec3Record* cover = nullptr;
  };
  // Records of two chains prove nothing together; with too many iterations nothing is computed.
  enum class Chain : std::uint8_t { kUsable, kMixed, kCostly };

  static bool proves_no_name(const NsecRecord& nsec, const wire::DnsName& name);
  static bool proves_no_wildcard(const NsecRecord& nsec, const wire::DnsName& name);
  static bool proves_nodata(const NsecRecord& nsec, const wire::DnsName& name,
                            wire::RecordType type, std::optional<wire::DnsName>& wildcard_parent);
  static DsDenied ds_at(const NsecRecord& nsec, const wire::DnsName& name);
  std::optional<DsDenied> ds_by_nsec(const wire::DnsName& name) const;

  [[nodiscard]] Chain chain() const;
  wire::Sha1 hash(const wire::DnsName& name);
  const Nsec3Record* matching(const wire::DnsName& name);
  const Nsec3Record* covering(const wire::DnsName& name);
  Denied find_encloser(const wire::DnsName& name, Encloser& encloser);
  Denied nodata_by_nsec3(const wire::DnsName& name, wire::RecordType type);
  Denied name_error_by_nsec3(const wire::DnsName& name);

  wire::DnsName zone_;
  // An honest message has up to four.
  boost::container::small_vector<NsecRecord, 2> nsecs_;
  boost::container::small_vector<Nsec3Record, 4> nsec3s_;
  Nsec3Hashes& hashes_;
};

}  // namespace caascan::engine
