// The text that a Let's Encrypt subscriber sees when the CAA check fails, to the letter: boulder,
// bdns/problem.go and va/caa.go. The name in it is the label that failed, which may be a parent.
#pragma once

#include <string>
#include <string_view>

#include "scanner/finding.h"

namespace caascan {

// "DNS problem: SERVFAIL looking up CAA for LABEL - the domain's nameservers may be
// malfunctioning"; with an extended error (RFC 8914) from a resolver "DNS problem: looking up CAA
// for LABEL: DNSSEC: Bogus: TEXT"; "DNS problem: query timed out looking up CAA for LABEL".
// Where DNSSEC validation failed at our own hands, the extended error is that of a resolver without
// its text, which names what the resolver at that moment had in hand. `finding` is affected.
[[nodiscard]] std::string ca_problem(const Finding& finding);

// The whole message for one name of a certificate, `*.` kept: "While processing CAA for NAME: " and
// the problem. In use since 2017-09-25.
[[nodiscard]] std::string ca_message(std::string_view certificate_name, std::string_view problem);

// The whole message as it was in July 2017: "DNS problem: SERVFAIL looking up CAA for LABEL".
[[nodiscard]] std::string ca_message_2017(const Finding& finding);

}  // namespace caascan
