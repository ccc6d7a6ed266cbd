// What an authoritative reply means to a resolver that asked it: the classes of Unbound's iterator.
#pragma once

#include <cstdint>
#include <vector>

#include "scanner/engine/delegation.h"
#include "scanner/engine/profile.h"
#include "scanner/engine/resolution.h"
#include "scanner/wire/message.h"

namespace caascan::engine {

enum class ReplyKind : std::uint8_t {
  kAnswer,         // the RRset asked for, at the end of the alias chain in the reply
  kNodata,         // the name has no such RRset
  kNxDomain,       // the name does not exist
  kAlias,          // a CNAME or DNAME chain that leaves what the reply answers: go on at `target`
  kReferral,       // `delegation` leads further down
  kRecursionLame,  // a recursive server speaks from its cache: only if nobody else answers
  kLame,           // a referral upwards
  kError,          // an error rcode
  kMalformed,      // a name or data that is looked at cannot be read
};

struct ReplyClass {
  ReplyKind kind = ReplyKind::kMalformed;
  Cause cause = Cause::kNone;          // kLame, kError, kMalformed
  wire::DnsName target{};              // kAlias; kAnswer where there was a chain (root: none)
  Delegation delegation{};             // kReferral; `fetched` and `expires` are left to the caller
  std::vector<IpAddress> addresses{};  // kAnswer to A and AAAA
  bool by_profile = false;  // kLame: resolvers of other versions take it for an empty answer
  std::uint32_t ttl_s = 0;  // of the answer, the denial or the delegation, within the bounds
};

// Classifies the reply of a server of `zone` to `question`. `recursion_desired` is what was sent:
// then a server that speaks from its cache is believed. Records outside of `zone` are not looked
// at, nor is glue for names outside of it (Unbound: harden-glue). TC is the caller's business. With
// `first_alias_only` a chain of aliases is followed for one step: each has signatures of its own.
[[nodiscard]] ReplyClass classify_reply(const wire::MessageView& view, const wire::DnsName& zone,
                                        const Question& question, bool recursion_desired,
                                        bool first_alias_only = false,
                                        const Profile& profile = kProfiles.front());

}  // namespace caascan::engine
