// Where resolvers differ from version to version, and which of them caascan takes for the CA's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "scanner/wire/query.h"

namespace caascan::engine {

struct Profile {
  std::string_view word;  // as in `--profile`
  std::uint16_t edns_size = wire::kEdnsSize;
  // NOERROR with nothing in it: no answer (Unbound 1.18), or an empty one (before, and since 1.19).
  bool empty_is_no_answer = false;
  // A referral to the zone itself, without authority: lame (Unbound since 1.25.1), or empty.
  bool self_referral_is_lame = false;
};

inline constexpr std::array<Profile, 4> kProfiles = {{
    {.word = "letsencrypt"},                         // today's
    {.word = "letsencrypt-2018", .edns_size = 512},  // 2018-10 to 2024-07: larger answers need TCP
    {.word = "unbound-1.18", .empty_is_no_answer = true},  // Let's Encrypt in November 2023
    {.word = "unbound-1.25", .self_referral_is_lame = true},
}};

[[nodiscard]] constexpr std::optional<Profile> profile_from_word(std::string_view word) {
  for (const Profile& profile : kProfiles) {
    if (profile.word == word) return profile;
  }
  return std::nullopt;
}

}  // namespace caascan::engine
