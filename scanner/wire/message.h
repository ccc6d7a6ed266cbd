// Replies: header, question and records of one DNS message, checked once and then read through this
// view.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include "scanner/wire/cursor.h"
#include "scanner/wire/dns_name.h"

namespace caascan::wire {

inline constexpr std::size_t kHeaderOctets = 12;  // RFC 1035 §4.1.1
inline constexpr std::size_t kMessageOctetsMax = 65535;

// The record types that caascan asks for or looks into.
enum class RecordType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kTxt = 16,
  kAaaa = 28,
  kLoc = 29,
  kDname = 39,
  kOpt = 41,
  kDs = 43,
  kRrsig = 46,
  kNsec = 47,
  kDnskey = 48,
  kNsec3 = 50,
  kCaa = 257,
};
[[nodiscard]] std::string_view word(
    RecordType type);  // "CAA"; "TYPE" for a type that has no word here

inline constexpr std::uint16_t kClassIn = 1;
inline constexpr std::uint16_t kClassChaos = 3;

enum class Rcode : std::uint8_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,
};

// The fixed part of a message, as sent (RFC 1035 §4.1.1, RFC 4035 §3.2).
struct Header {
  std::uint16_t id = 0;
  bool qr = false;
  std::uint8_t opcode = 0;
  bool aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  std::uint8_t rcode = 0;
  std::uint16_t qdcount = 0, ancount = 0, nscount = 0, arcount = 0;
};
// Nothing where `message` is shorter than a header.
[[nodiscard]] std::optional<Header> read_header(Bytes message);

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

// Where one record lies. Record data stays opaque until it is asked for.
struct RecordView {
  Section section = Section::kAnswer;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::uint32_t ttl_s = 0;
  std::uint16_t owner_offset = 0;
  std::uint16_t rdata_offset = 0;
  std::uint16_t rdata_octets = 0;
};

// What makes a message unreadable; each has one line of meaning.
enum class ParseError : std::uint8_t {
  kShortHeader,    // fewer than 12 octets
  kBadQuestion,    // the question section leaves the message
  kBadRecord,      // a record, or its owner name, leaves the message
  kBadOwner,       // an owner name that is looked at is not a name
  kBadRecordData,  // record data that is looked at does not hold what its type says
};
[[nodiscard]] std::string_view describe(ParseError error);

// Data of a SOA record that caascan keeps.
struct SoaData {
  DnsName primary;
  DnsName contact;
  std::uint32_t serial = 0;
  std::uint32_t minimum_ttl_s = 0;
};

// The RFC 8914 option of a reply.
struct ExtendedError {
  std::uint16_t code = 0;
  std::string text;  // EXTRA-TEXT as sent, any octets, at most 255 of them
};

// A checked message. Borrows the bytes. `parse` walks every record's bounds; names and data inside
// are checked as they are read, and only of the records that the caller keeps.
class MessageView {
 public:
  static std::expected<MessageView, ParseError> parse(Bytes message);

  [[nodiscard]] const Header& header() const { return header_; }
  [[nodiscard]] std::span<const RecordView> records() const {
    return {records_.data(), records_.size()};
  }
  [[nodiscard]] Bytes message() const { return message_; }
  [[nodiscard]] std::size_t size_octets() const { return message_.size(); }

  [[nodiscard]] std::expected<DnsName, ParseError> owner(const RecordView& record) const;
  // The single name in the data of NS, CNAME and DNAME records.
  [[nodiscard]] std::expected<DnsName, ParseError> target(const RecordView& record) const;
  [[nodiscard]] std::expected<SoaData, ParseError> soa(const RecordView& record) const;
  // The octets of an A (4) or AAAA (16) record.
  [[nodiscard]] std::expected<Bytes, ParseError> address(const RecordView& record) const;
  [[nodiscard]] bool has_opt() const { return opt_.has_value(); }
  [[nodiscard]] std::optional<ExtendedError> extended_error() const;

 private:
  Bytes message_;
  Header header_;
  // Most replies have no more; to a reply that has, an allocation is a small part of its cost.
  static constexpr std::size_t kRecordsHere = 12;
  boost::container::small_vector<RecordView, kRecordsHere> records_;
  std::optional<RecordView> opt_;
};

}  // namespace caascan::wire
