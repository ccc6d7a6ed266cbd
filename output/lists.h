// The published lists, from the affected names.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output/affected.h"

namespace caascan {

// Sorted bytewise, unique, every line an `is_list_name`. Borrow from the AffectedNames.
using List = std::vector<std::string_view>;

struct Lists {
  List servfail_namebright, servfail_other;
  // Zones at fault of the servfail names. A zone in one list only: namebright's where any of its
  // findings says so.
  List zones_namebright, zones_other;
  List timeout_namebright, timeout_other;
  List exceptions;  // every servfail name and every label at which one failed
};

using ListOfLists = List Lists::*;

struct ListFile {
  std::string_view file_name;
  ListOfLists list;
};

// Names of the files; a contract with other people's scripts.
inline constexpr auto kListFiles = std::to_array<ListFile>({
    {"servfail-list-namebright.txt", &Lists::servfail_namebright},
    {"servfail-list-other.txt", &Lists::servfail_other},
    {"servfail-zones-namebright.txt", &Lists::zones_namebright},
    {"servfail-zones-other.txt", &Lists::zones_other},
    {"timeout-list-namebright.txt", &Lists::timeout_namebright},
    {"timeout-list-other.txt", &Lists::timeout_other},
    {"exceptions.txt", &Lists::exceptions},
});

[[nodiscard]] Lists build_lists(const AffectedNames& affected);

// One name a line, LF; nothing for an empty list.
[[nodiscard]] std::string list_text(const List& list);

struct ProviderRow {
  std::string_view provider;
  std::uint64_t servfail = 0, timeout = 0;  // names
  double share = 0;                         // of all servfail names, 0 to 1
  std::uint64_t zones = 0;                  // at fault, of either outcome
  std::vector<std::string_view> nameservers;
};

// Most servfail names first, then most timeout names, then bytewise. Borrows from `affected`.
[[nodiscard]] std::vector<ProviderRow> rank_providers(const AffectedNames& affected);

inline constexpr std::size_t kNameserversShownMax = 16;

// providers.tsv. At most kNameserversShownMax nameserver names a row, then `+N` for those left out.
[[nodiscard]] std::string providers_text(const std::vector<ProviderRow>& rows);

}  // namespace caascan
