// A JSON dump tells the same however its bytes arrive, and what follows a broken document on lines
// of its own is read.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/get_entries_reader.h"
#include "tests/fuzz/fuzz_dump.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace caascan;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = [](std::string_view text, std::size_t step) {
    dump::Input input(std::make_unique<fuzz::BytesSource>(text, step), 0);
    fuzz::RecordingHandler handler(text.size());
    static_cast<void>(dump::read_get_entries(input, handler, 0));
    return handler.told;
  };
  const std::vector<std::string> whole = read(bytes, bytes.size() + 1);
  CAASCAN_ASSERT(whole == read(bytes, 5));
  // A complete document in front keeps all it tells.
  const std::string front = R"({"leaf_input":"AAAAAAAAAAAAAAAAAAABMAAA"})";
  const std::vector<std::string> behind =
      read(front + "\n" + std::string(bytes), bytes.size() + 99);
  CAASCAN_ASSERT(!behind.empty() && behind.front() == "certificate 0");
  return 0;
}
