// The certificate of a leaf, and all that is read from it, lies within the leaf.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "ingest/assert.h"
#include "ingest/certificate_fields.h"
#include "ingest/leaf.h"

namespace {

bool lies_in(std::string_view part, std::string_view whole) {
  const std::less_equal<const char*> not_after;
  return part.empty() || (not_after(whole.data(), part.data()) &&
                          not_after(part.data() + part.size(), whole.data() + whole.size()));
}

void check(std::string_view der, bool precertificate) {
  static caascan::dump::CertificateFields fields;
  if (!caascan::dump::read_certificate(der, precertificate, fields)) return;
  CAASCAN_ASSERT(lies_in(fields.serial, der));
  for (const std::string_view name : fields.dns_names) {
    bool found = lies_in(name, der);
    for (const std::string& joined : fields.joined) found = found || lies_in(name, joined);
    CAASCAN_ASSERT(found);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace caascan::dump;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  LogEntry entry;
  if (read_merkle_tree_leaf(bytes, entry) == LeafStatus::kEntry) {
    CAASCAN_ASSERT(lies_in(entry.certificate, bytes));
    check(entry.certificate, entry.precertificate);
  }
  // The walk itself is reached sooner without the frame around it.
  check(bytes, false);
  check(bytes, true);
  return 0;
}
