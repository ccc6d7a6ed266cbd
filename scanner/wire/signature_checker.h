// Signatures over RRsets, with ldns. No policy.
#pragma once

#include <memory>

#include "scanner/wire/dnssec.h"

namespace caascan::wire {

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
