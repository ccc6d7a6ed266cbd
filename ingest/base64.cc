#include "ingest/base64.h"

#include <array>
#include <cstdint>

namespace caascan::dump {
namespace {

constexpr std::uint32_t kInvalid = 0x80000000U;

// For each place of a group of four characters, the bits that a character there stands for.
struct Tables {
  std::array<std::array<std::uint32_t, 256>, 4> place{};
};

constexpr Tables kTables = [] {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Tables tables;
  for (auto& table : tables.place) table.fill(kInvalid);
  for (std::uint32_t value = 0; value < kAlphabet.size(); ++value) {
    for (unsigned place = 0; place < 4; ++place) {
      const std::uint32_t bits = value << (18U - 6U * place);
      tables.place[place][static_cast<unsigned char>(kAlphabet[value])] = bits;
      if (kAlphabet[value] == '+') tables.place[place]['-'] = bits;
      if (kAlphabet[value] == '/') tables.place[place]['_'] = bits;
    }
  }
  return tables;
}();

std::uint32_t bits_of(char c, unsigned place) {
  return kTables.place[place][static_cast<unsigned char>(c)];
}

}  // namespace

bool decode_base64(std::string_view text, std::string& out) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  const std::size_t groups = text.size() / 4;
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return false;
  out.resize(groups * 3 + (tail == 0 ? 0 : tail - 1));
  const char* in = text.data();
  char* to = out.data();
  std::uint32_t seen = 0;
  for (std::size_t group = 0; group < groups; ++group, in += 4, to += 3) {
    const std::uint32_t bits =
        bits_of(in[0], 0) | bits_of(in[1], 1) | bits_of(in[2], 2) | bits_of(in[3], 3);
    seen |= bits;
    to[0] = static_cast<char>(bits >> 16U);
    to[1] = static_cast<char>(bits >> 8U);
    to[2] = static_cast<char>(bits);
  }
  if (tail != 0) {
    std::uint32_t bits = bits_of(in[0], 0) | bits_of(in[1], 1);
    if (tail == 3) bits |= bits_of(in[2], 2);
    seen |= bits;
    to[0] = static_cast<char>(bits >> 16U);
    if (tail == 3) to[1] = static_cast<char>(bits >> 8U);
  }
  return (seen & kInvalid) == 0;
}

}  // namespace caascan::dump
