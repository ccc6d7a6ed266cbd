// What of a finding's evidence people are shown: the attempt that shows the fault, what came of it,
// and a command that shows it again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scanner/finding.h"

namespace caascan {

// "SERVFAIL", "REFUSED", …; "RCODE12" for numbers without a name (IANA, DNS RCODEs).
[[nodiscard]] std::string rcode_text(std::uint8_t rcode);

// The last attempt that shows the finding's cause: the question for CAA, or that for DNSKEY or DS
// where the search ended with it; in the case that triggers the fault where the case does. Failing
// that, the last that asked the same; nullptr without any. Borrows from `finding`.
[[nodiscard]] const Attempt* decisive_attempt(const Finding& finding);

// What came of an attempt, in words: "SERVFAIL", "no reply within 4.0 s", … Printable ASCII.
[[nodiscard]] std::string answer_text(const Attempt& attempt);

// What came of the decisive attempt, and what is wrong with it where DNSSEC says so; empty without
// attempts.
[[nodiscard]] std::string fault_text(const Finding& finding);

// Who was asked: the nameserver's name, or the address where it has none (a resolver).
[[nodiscard]] std::string nameserver_text(const Attempt& attempt);
// Of the decisive attempt; empty without attempts.
[[nodiscard]] std::string decisive_nameserver(const Finding& finding);

// One `dig` command (BIND 9.16 and later) that asks what the decisive attempt asked, in the same
// case and by the same transport, always with DNSSEC where that is at fault; without attempts the
// plain question. Safe to paste in a POSIX shell whatever the names hold.
[[nodiscard]] std::string dig_line(const Finding& finding);
// The same for one attempt.
[[nodiscard]] std::string dig_line(const Attempt& attempt);

}  // namespace caascan
