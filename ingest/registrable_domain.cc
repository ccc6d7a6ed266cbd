// The public suffix list, as the libpsl of the system has it built in.
#include <libpsl.h>

#include <string>
#include <string_view>

#include "ingest/domain_name.h"

namespace caascan {

std::string registrable_domain(std::string_view name) {
  std::string text(name);
  // The built-in list is a constant of the library: shared by all threads and never freed.
  const char* registrable = psl_registrable_domain(psl_builtin(), text.c_str());
  if (registrable == nullptr) return text;
  return std::string(registrable);
}

}  // namespace caascan
