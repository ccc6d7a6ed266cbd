// The public suffix list, as the libpsl of the system has it built in.
#include <libpsl.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "ingest/domain_name.h"

namespace caascan {

std::string_view registrable_domain(std::string_view name) {
  // The library wants an end mark, and points into what it is given.
  std::array<char, kNameOctetsMax + 1> text;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  if (name.size() >= text.size()) return name;
  text[name.copy(text.data(), name.size())] = '\0';
  // The built-in list is a constant of the library: shared by all threads and never freed.
  const char* registrable = psl_registrable_domain(psl_builtin(), text.data());
  if (registrable == nullptr) return name;
  return name.substr(static_cast<std::size_t>(registrable - text.data()));
}

}  // namespace caascan
