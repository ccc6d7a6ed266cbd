// What FakeZones reads from a question and how it writes a reply. For fake_zones*.cc alone.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ingest/assert.h"
#include "tests/bench/fake_zones.h"

namespace caascan::bench {

inline constexpr std::array<std::string_view, 12> kTlds = {
    "com", "net", "org", "de", "info", "nl", "fr", "eu", "xyz", "top", "shop", "ch"};
inline constexpr unsigned kTldCount = kTlds.size();
inline constexpr unsigned kPlacesPerTld = kTldServers * 2;
inline constexpr unsigned kPlacesPerProvider = kProviderServersMax * 2;

// 60.K.K.10 …, 61.0.TLD.10 …, and 2a0e:b2ff:ROLE:INDEX::SERVER.
inline constexpr std::uint8_t kProviderNet = 60, kTldNet = 61, kServerFirst = 10;
inline constexpr std::array<std::uint8_t, 4> kNetV6 = {0x2a, 0x0e, 0xb2, 0xff};

inline constexpr std::uint16_t kA = 1, kNs = 2, kSoa = 6, kAaaa = 28, kOpt = 41, kDs = 43,
                               kRrsig = 46, kDnskey = 48, kCaa = 257;
inline constexpr std::size_t kPlainOctets = 512, kEdnsOctets = 1232;  // of a reply, at most
inline constexpr std::uint16_t kDnssecOk = 0x8000;
inline constexpr std::uint8_t kServFail = 2, kNxDomain = 3, kRefused = 5;
inline constexpr std::uint32_t kTtl_s = kDelegationTtl_s;
inline constexpr std::size_t kHeaderOctets = 12;
inline constexpr std::size_t kLabelsMax = 127;

// A question, its labels lower-cased.
struct FakeZones::Question {
  std::size_t count = 0;  // of labels
  std::array<std::string_view, kLabelsMax> labels;
  std::array<std::uint8_t, kLabelsMax> offsets{};  // in the message
  std::uint16_t type = 0;
  std::size_t end = 0;  // where the question section ends
  bool edns = false;
  bool tcp = false;
  bool dnssec_ok = false;
  std::size_t reply_octets = kPlainOctets;  // that its asker takes
  unsigned tld = kTldCount;
  // The label from the right, from 0.
  [[nodiscard]] std::string_view label(std::size_t from_right) const {
    return labels[count - 1 - from_right];
  }
  // A pointer to the last `n` labels, 0 for the root.
  [[nodiscard]] unsigned suffix(std::size_t n) const { return n == 0 ? 0 : offsets[count - n]; }
};

struct FakeZones::Domain {
  std::uint64_t number = 0;
  unsigned provider = 0;
  unsigned tld = 0;  // of the nameserver names
  Manner manner = Manner::kEmpty;
  bool is_signed = false;
  bool nsec3 = false;
  Fault fault = Fault::kNone;
  bool truncated = false;
};

// Writes one reply. Names are written in full once and then pointed to.
class FakeZones::Writer {
 public:
  Writer(std::span<const std::uint8_t> query, const Question& question,
         std::span<std::uint8_t, kReplyOctetsMax> out)
      : out_(out), at_(question.end), question_(question) {
    std::memcpy(out.data(), query.data(), question.end);
    out[2] = static_cast<std::uint8_t>(0x80 | (query[2] & 0x79));  // QR; opcode and RD as asked
    out[3] = 0;
    std::fill(out.begin() + 6, out.begin() + kHeaderOctets, std::uint8_t{0});
  }
  enum Section : std::size_t { kAnswer = 6, kAuthority = 8, kAdditional = 10 };

  [[nodiscard]] bool dnssec_ok() const { return question_.dnssec_ok && !stripped_; }
  // From here on as if nobody had asked for signatures.
  void strip() { stripped_ = true; }
  void authoritative() { out_[2] |= 0x04; }
  void rcode(std::uint8_t value) { out_[3] = value; }
  // `before`: one more label of the owner.
  void begin(Section section, unsigned owner, std::uint16_t type, std::uint32_t ttl_s,
             std::string_view before = {}) {
    if (section == kAdditional && out_[section + 1] == 0) additional_at_ = at_;
    ++out_[section + 1];  // far below 256
    if (!before.empty()) label(before);
    pointer(owner);
    u16(type);
    u16(1);
    u16(static_cast<std::uint16_t>(ttl_s >> 16));
    u16(static_cast<std::uint16_t>(ttl_s));
    length_at_ = at_;
    u16(0);
  }
  void end() {
    const std::size_t length = at_ - length_at_ - 2;
    out_[length_at_] = static_cast<std::uint8_t>(length >> 8);
    out_[length_at_ + 1] = static_cast<std::uint8_t>(length);
  }
  void u8(std::uint8_t value) {
    CAASCAN_ASSERT(at_ < out_.size());
    out_[at_++] = value;
  }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  void octets(std::string_view text) {
    for (const char c : text) u8(static_cast<std::uint8_t>(c));
  }
  void label(std::string_view text) {
    u8(static_cast<std::uint8_t>(text.size()));
    octets(text);
  }
  // A short label: a letter or two and a number.
  void label(std::string_view letters, unsigned number) {
    std::array<char, 16> made;
    const auto done =
        fmt::format_to_n(made.data(), made.size(), FMT_STRING("{}{}"), letters, number);
    label({made.data(), done.size});
  }
  void octets(std::span<const std::uint8_t> bytes) {
    CAASCAN_ASSERT(bytes.size() <= out_.size() - at_);
    std::ranges::copy(bytes, out_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += bytes.size();
  }
  // A set of the zone `zone` with its signature, which only those who know DNSSEC are sent.
  void put(Section section, unsigned zone, const SignedSet& set) {
    for (const test::Rdata& rdata : set.rdatas) {
      begin(section, zone, static_cast<std::uint16_t>(set.type), set.ttl_s, set.label);
      octets(rdata);
      end();
    }
    put_signature(section, zone, set);
  }
  void put_signature(Section section, unsigned zone, const SignedSet& set) {
    if (!dnssec_ok()) return;
    begin(section, zone, kRrsig, set.ttl_s, set.label);
    octets(set.signature);
    end();
  }
  // Records of a denial are left out without DO, and never sent twice.
  void put_denials(unsigned zone, std::initializer_list<const SignedSet*> sets) {
    if (!dnssec_ok()) return;
    for (auto at = sets.begin(); at != sets.end(); ++at) {
      if (std::find(sets.begin(), at, *at) == at) put(kAuthority, zone, **at);
    }
  }
  // Offset 0, where the header is, stands for the root.
  void pointer(unsigned to) {
    if (to == 0) {
      u8(0);
    } else {
      u16(static_cast<std::uint16_t>(0xc000 | to));
    }
  }
  void soa(unsigned zone) {
    begin(kAuthority, zone, kSoa, 3600);
    label("ns");
    pointer(zone);
    label("hostmaster");
    pointer(zone);
    for (const std::uint32_t value : {1U, 7200U, 900U, 1'209'600U, 3600U}) {
      u16(static_cast<std::uint16_t>(value >> 16));
      u16(static_cast<std::uint16_t>(value));
    }
    end();
  }
  void address(Section section, unsigned owner, const Address& value) {
    begin(section, owner, value.v6 ? kAaaa : kA, kTtl_s);
    for (std::size_t i = 0; i < (value.v6 ? 16 : 4); ++i) u8(value.octets[i]);
    end();
  }
  [[nodiscard]] unsigned at() const { return static_cast<unsigned>(at_); }
  std::size_t finish() {
    constexpr std::size_t kOptOctets = 11;
    const std::size_t limit = question_.reply_octets - (question_.edns ? kOptOctets : 0);
    if (at_ > limit && additional_at_ != 0 && (out_[2] & 0x04) != 0) {
      at_ = additional_at_;
      out_[kAdditional + 1] = 0;
    }
    if (at_ > limit || truncated_) {
      truncated_ = true;
      out_[2] |= 0x02;
      at_ = question_.end;
      std::fill(out_.begin() + 6, out_.begin() + kHeaderOctets, std::uint8_t{0});
    }
    if (question_.edns) {
      ++out_[kAdditional + 1];
      u8(0);
      u16(kOpt);
      u16(kEdnsOctets);
      u16(0);
      u16(question_.dnssec_ok ? kDnssecOk : 0);
      u16(0);
    }
    return at_;
  }
  void truncate() { truncated_ = true; }
  [[nodiscard]] bool truncated() const { return truncated_; }

 private:
  std::span<std::uint8_t, kReplyOctetsMax> out_;
  std::size_t at_;
  std::size_t length_at_ = 0;
  std::size_t additional_at_ = 0;
  const Question& question_;
  bool stripped_ = false;
  bool truncated_ = false;
};

}  // namespace caascan::bench
