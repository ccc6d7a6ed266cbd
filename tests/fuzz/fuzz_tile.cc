// A tile tells the same however its bytes arrive, and every offset of damage lies in it.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ingest/tile_reader.h"
#include "tests/fuzz/fuzz_dump.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace caascan;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = [bytes](std::size_t step) {
    dump::Input input(std::make_unique<fuzz::BytesSource>(bytes, step), 0);
    fuzz::RecordingHandler handler(bytes.size());
    dump::read_data_tile(input, handler);
    return handler.told;
  };
  const std::vector<std::string> whole = read(bytes.size() + 1);
  const std::vector<std::string> dripped = read(7);
  CAASCAN_ASSERT(whole == dripped);
  return 0;
}
