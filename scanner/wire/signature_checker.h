// The cryptography over RRsets: signatures with ldns, digests with OpenSSL. No policy.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "scanner/wire/dnssec.h"

namespace caascan::wire {

// The digest by which the things that were found to be signed are remembered. OpenSSL's, which uses
// the processor's instructions for it.
using Digest = std::array<std::uint8_t, 32>;
[[nodiscard]] Digest sha256(Bytes data);

// Checks signatures. Keeps the public keys that it has parsed lately, as parsing one costs about
// half as much as a check with it: a fixed number of them, some 3 MiB at most. One thread.
class SignatureChecker {
 public:
  SignatureChecker();
  ~SignatureChecker();
  SignatureChecker(const SignatureChecker&) = delete;
  SignatureChecker& operator=(const SignatureChecker&) = delete;

  // Whether `signature` is `key`'s over `set` (RFC 4035 §5.3.2, wildcards by the labels field). The
  // cryptography only: no time, no names of signers.
  [[nodiscard]] bool verify(const RrSet& set, const Rrsig& signature, const Dnskey& key);

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
};

}  // namespace caascan::wire
