#include "scanner/wire/message.h"

#include <algorithm>

namespace caascan::wire {
namespace {

constexpr std::uint16_t kExtendedErrorOption = 15;  // RFC 8914 §2
constexpr std::size_t kExtraTextOctetsMax = 255;

// At the data of a record, and no further than they go; names in them may point to anything before.
Cursor data_of(Bytes message, const RecordView& record) {
  const std::size_t end = std::size_t{record.rdata_offset} + record.rdata_octets;
  return Cursor(message.first(end), record.rdata_offset);
}

}  // namespace

std::string_view word(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "A";
    case RecordType::kNs:
      return "NS";
    case RecordType::kCname:
      return "CNAME";
    case RecordType::kSoa:
      return "SOA";
    case RecordType::kTxt:
      return "TXT";
    case RecordType::kAaaa:
      return "AAAA";
    case RecordType::kLoc:
      return "LOC";
    case RecordType::kDname:
      return "DNAME";
    case RecordType::kOpt:
      return "OPT";
    case RecordType::kDs:
      return "DS";
    case RecordType::kRrsig:
      return "RRSIG";
    case RecordType::kNsec:
      return "NSEC";
    case RecordType::kDnskey:
      return "DNSKEY";
    case RecordType::kNsec3:
      return "NSEC3";
    case RecordType::kCaa:
      return "CAA";
  }
  return "TYPE";
}

std::string_view describe(ParseError error) {
  switch (error) {
    case ParseError::kShortHeader:
      return "shorter than a DNS header";
    case ParseError::kBadQuestion:
      return "the question section leaves the message";
    case ParseError::kBadRecord:
      return "a record leaves the message";
    case ParseError::kBadOwner:
      return "an owner name is not a name";
    case ParseError::kBadRecordData:
      return "record data does not hold what its type says";
  }
  return "?";
}

std::optional<Header> read_header(Bytes message) {
  if (message.size() < kHeaderOctets) return std::nullopt;
  Cursor cursor(message);
  Header header;
  header.id = cursor.u16();
  const std::uint16_t flags = cursor.u16();
  header.qr = flags & 0x8000;
  header.opcode = static_cast<std::uint8_t>((flags >> 11) & 0x0F);
  header.aa = flags & 0x0400;
  header.tc = flags & 0x0200;
  header.rd = flags & 0x0100;
  header.ra = flags & 0x0080;
  header.ad = flags & 0x0020;
  header.cd = flags & 0x0010;
  header.rcode = static_cast<std::uint8_t>(flags & 0x0F);
  header.qdcount = cursor.u16();
  header.ancount = cursor.u16();
  header.nscount = cursor.u16();
  header.arcount = cursor.u16();
  return header;
}

std::expected<MessageView, ParseError> MessageView::parse(Bytes message) {
  const std::optional<Header> header = read_header(message);
  if (!header || message.size() > kMessageOctetsMax)
    return std::unexpected(ParseError::kShortHeader);
  MessageView view;
  view.message_ = message;
  view.header_ = *header;
  Cursor cursor(message, kHeaderOctets);
  for (std::uint16_t i = 0; i < header->qdcount; ++i) {
    skip_name(cursor);
    cursor.skip(4);
    if (!cursor.ok()) return std::unexpected(ParseError::kBadQuestion);
  }
  const std::array<std::uint16_t, 3> counts = {header->ancount, header->nscount, header->arcount};
  for (std::size_t section = 0; section < counts.size(); ++section) {
    for (std::uint16_t i = 0; i < counts[section]; ++i) {
      RecordView record;
      record.section = static_cast<Section>(section);
      record.owner_offset = static_cast<std::uint16_t>(cursor.offset());
      skip_name(cursor);
      record.type = cursor.u16();
      record.klass = cursor.u16();
      record.ttl_s = cursor.u32();
      record.rdata_octets = cursor.u16();
      record.rdata_offset = static_cast<std::uint16_t>(cursor.offset());
      cursor.skip(record.rdata_octets);
      if (!cursor.ok()) return std::unexpected(ParseError::kBadRecord);
      if (record.section == Section::kAdditional &&
          record.type == static_cast<std::uint16_t>(RecordType::kOpt) && !view.opt_) {
        view.opt_ = record;
        continue;
      }
      view.records_.push_back(record);
    }
  }
  return view;
}

std::expected<DnsName, ParseError> MessageView::owner(const RecordView& record) const {
  Cursor cursor(message_, record.owner_offset);
  DnsName name = DnsName::read(cursor);
  if (!cursor.ok()) return std::unexpected(ParseError::kBadOwner);
  return name;
}

std::expected<DnsName, ParseError> MessageView::target(const RecordView& record) const {
  Cursor cursor = data_of(message_, record);
  DnsName name = DnsName::read(cursor);
  if (!cursor.ok() || cursor.remaining() != 0) return std::unexpected(ParseError::kBadRecordData);
  return name;
}

// RFC 1035 §3.3.13.
std::expected<SoaData, ParseError> MessageView::soa(const RecordView& record) const {
  Cursor cursor = data_of(message_, record);
  SoaData soa;
  soa.primary = DnsName::read(cursor);
  soa.contact = DnsName::read(cursor);
  soa.serial = cursor.u32();
  cursor.skip(3 * sizeof(std::uint32_t));  // refresh, retry, expire
  soa.minimum_ttl_s = cursor.u32();
  if (!cursor.ok() || cursor.remaining() != 0) return std::unexpected(ParseError::kBadRecordData);
  return soa;
}

std::expected<Bytes, ParseError> MessageView::address(const RecordView& record) const {
  const bool is_a = record.type == static_cast<std::uint16_t>(RecordType::kA);
  if (record.rdata_octets != (is_a ? 4 : 16)) return std::unexpected(ParseError::kBadRecordData);
  return message_.subspan(record.rdata_offset, record.rdata_octets);
}

std::optional<ExtendedError> MessageView::extended_error() const {
  if (!opt_) return std::nullopt;
  Cursor cursor(message_.subspan(opt_->rdata_offset, opt_->rdata_octets));
  while (cursor.remaining() >= 4) {
    const std::uint16_t code = cursor.u16();
    const Bytes value = cursor.bytes(cursor.u16());
    if (!cursor.ok()) break;
    if (code != kExtendedErrorOption || value.size() < 2) continue;
    ExtendedError error;
    error.code = static_cast<std::uint16_t>((value[0] << 8) | value[1]);
    const Bytes text = value.subspan(2, std::min(value.size() - 2, kExtraTextOctetsMax));
    error.text.assign(text.begin(), text.end());
    return error;
  }
  return std::nullopt;
}

}  // namespace caascan::wire
