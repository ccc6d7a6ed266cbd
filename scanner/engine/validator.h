// DNSSEC validation (RFC 4033 to 4035, RFC 5155, RFC 6840): messages and time in, state out. It
// asks nothing and waits for nothing; who needs a key or a DS set that is not there asks for it
// (iterative_resolver.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "scanner/engine/denial.h"
#include "scanner/finding.h"
#include "scanner/wire/dnssec.h"
#include "scanner/wire/message.h"
#include "scanner/wire/signature_checker.h"

namespace caascan::engine {

// Signatures of one RRset that are tried, keys of one tag that are tried for a signature, and
// checks that fail in one message before the rest is not looked at (KeyTrap; Unbound:
// MAX_VALIDATE_RRSIGS).
inline constexpr std::size_t kSignaturesPerSetMax = 8;
inline constexpr std::size_t kKeysPerTagMax = 4;
inline constexpr std::size_t kFailedChecksMax = 16;
inline constexpr std::size_t kDsTriedMax = 8;
// A DS record by SHA-1 does not count beside one by a better digest (RFC 4509 §3).
inline constexpr std::uint8_t kDigestSha1 = 1;

// The keys of a secure zone.
struct ZoneKeys {
  wire::DnsName zone;
  std::vector<wire::Dnskey> keys{};  // those that the signed set holds and that may sign
};

// What a message says, once its signatures have been looked at.
enum class Proof : std::uint8_t {
  kSecure,    // signed by the keys, and it proves what it claims
  kInsecure,  // proven not to be signed: NSEC3 with too many iterations, or only with algorithms
              // nobody here can check
  kBogus,     // `kind` says how
  kUnsigned,  // no signature of the zone and none from below it on what would have to be signed: an
              // insecure delegation must lie between, or it is bogus (kind kNoSignature)
  kSignedBelow  // by `signer`, a zone below that of the keys and at or above the name asked for
};
struct Validation {
  Proof proof = Proof::kBogus;
  BogusKind kind = BogusKind::kNone;  // kBogus, kUnsigned
  wire::DnsName signer{};             // kSignedBelow
  std::uint32_t ttl_s =
      0xFFFFFFFF;     // the least of what was used and of what its signatures have left
  bool nsec = false;  // a denial that NSEC records carry (not NSEC3); with kWrongDenial too
};

// What a parent says of the DS set of a name.
enum class DsState : std::uint8_t {
  kSecure,    // it is there: `records`
  kNoDs,      // proven absent at a delegation (or by opt-out): what is below is insecure
  kNoCut,     // proven: no delegation at this name (or no such name)
  kInsecure,  // the proof itself is only as good as insecure (iterations): so is what is below
  kBogus,     // `kind`
  kNotThere,  // the message holds neither a DS set nor a signed denial
};
struct DsAnswer {
  DsState state = DsState::kNotThere;
  BogusKind kind = BogusKind::kNone;
  std::vector<wire::DsRecord> records{};  // all of them
  std::uint32_t ttl_s = 0xFFFFFFFF;
  bool nsec = false;  // as above
};

// Whether any record is of a digest and algorithm that can be checked; a zone with none is insecure
// (RFC 4035 §5.2, RFC 6840 §5.2).
[[nodiscard]] bool is_usable(const std::vector<wire::DsRecord>& records);

struct ValidatorCounts {
  std::uint64_t checks = 0;         // signatures computed
  std::uint64_t checks_failed = 0;  // of these, bad ones
  std::uint64_t reused = 0;         // signatures known to be good from an earlier message
  std::uint64_t nsec3_hashes = 0;   // names hashed
  std::uint64_t checks_ns = 0;      // what `checks` took, by the stopwatch
};

// A clock in nanoseconds that only goes forward, to tell what checks cost; nothing is decided by
// it.
using Stopwatch = std::uint64_t (*)();

// One thread. Remembers which signatures have been found to be a key's over an RRset, within a byte
// budget, so that each distinct one is computed once; whether it is good now depends on the time of
// each message. Nothing else carries over from message to message. A message that cannot be read
// (a name or data of answer or authority) proves nothing: kBogus with kBadSignature.
class Validator {
 public:
  // `stopwatch` may be null: then `checks_ns` stays zero.
  explicit Validator(std::size_t cache_bytes_max, Stopwatch stopwatch = nullptr);
  ~Validator();

  // A DNSKEY answer of `zone` under the DS records of its parent (or the trust anchors). kSecure
  // with `keys`, kInsecure, or kBogus (kNoDnskey, kDsMismatch, kNoSignature, kBadSignature, ...).
  Validation check_keys(const wire::DnsName& zone, const std::vector<wire::DsRecord>& ds,
                        const wire::MessageView& message, std::int64_t now_unix_s, ZoneKeys& keys);

  // What `message`, an answer to a DS question or a referral from the zone of `keys`, says of the
  // DS set of `child`, a name below that zone.
  DsAnswer check_ds(const ZoneKeys& keys, const wire::DnsName& child,
                    const wire::MessageView& message, std::int64_t now_unix_s);

  // The answer of a server of the zone of `keys` to a question for `type` at `name`, which lies in
  // it. `claim` is what the message was taken to say:
  //   kAnswer   the set of `type` at `name` (with the proof that goes with a wildcard)
  //   kAlias    a CNAME at `name`, or a DNAME above it with the CNAME that follows from it
  //   kNodata   no such set, and no CNAME, at `name`
  //   kNxDomain no such name
  // `before` are the messages with the aliases that led here: a resolver keeps the proofs in them
  // beside those of the last one, and so a denial may rest on either (Unbound:
  // iter_add_prepend_auth).
  enum class Claim : std::uint8_t { kAnswer, kAlias, kNodata, kNxDomain };
  Validation check_answer(const ZoneKeys& keys, const wire::DnsName& name, wire::RecordType type,
                          Claim claim, const wire::MessageView& message, std::int64_t now_unix_s,
                          std::span<const wire::MessageView> before = {});

  [[nodiscard]] ValidatorCounts counts() const {
    ValidatorCounts made = counts_;
    made.nsec3_hashes = hashes_.computed();
    return made;
  }

 private:
  class Memory;
  class Message;
  Validation check_present(Message& in, const ZoneKeys& keys, const wire::DnsName& name,
                           wire::RecordType type);
  Validation check_absent(Message& in, const ZoneKeys& keys, const wire::DnsName& name,
                          wire::RecordType type, Claim claim);
  Validation conclude(const Denial& denial, Denied denied, std::uint32_t ttl_s);

  ValidatorCounts counts_;
  Stopwatch stopwatch_;
  wire::SignatureChecker signatures_;
  Nsec3Hashes hashes_;
  std::unique_ptr<Memory> memory_;
  wire::Rdata to_digest_;  // its capacity is kept
};

}  // namespace caascan::engine
