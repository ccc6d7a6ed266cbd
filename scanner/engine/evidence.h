// Evidence of attempts, in the form in which it is published.
#pragma once

#include <string_view>

#include "scanner/engine/exchanges.h"
#include "scanner/finding.h"
#include "scanner/wire/message.h"

namespace caascan::engine {

// What is known before the reply is looked at. `now` is the end of the attempt.
[[nodiscard]] Attempt make_evidence(const Endpoint& server, std::string_view server_name,
                                    const AttemptInfo& info, AttemptResult result,
                                    std::uint8_t round, std::int64_t epoch_unix_ms, Instant now);
// Adds header, counts and extended error of a reply that was read.
void add_reply(Attempt& attempt, const wire::MessageView& view);

// The cause that an error rcode stands for.
[[nodiscard]] Cause cause_of_rcode(std::uint8_t rcode);

}  // namespace caascan::engine
