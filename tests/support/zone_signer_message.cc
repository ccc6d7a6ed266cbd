// Messages, as an authoritative server sends them.
#include <algorithm>
#include <set>

#include "ingest/assert.h"
#include "tests/support/zone_signer_octets.h"

namespace caascan::test {

Message::Message(std::string_view name, RecordType type, wire::Rcode rcode)
    : question_(name_rdata(name)), rcode_(rcode) {
  put16(question_, static_cast<std::uint16_t>(type));
  put16(question_, 1);
}

Message& Message::add(wire::Section section, const Records& set) {
  for (const Rdata& rdata : set.rdatas) {
    add({section, set.owner, set.type, false, record_bytes(set.owner, set.type, set.ttl_s, rdata)});
  }
  for (const Rdata& rdata : set.signatures) {
    add({section, set.owner, set.type, true,
         record_bytes(set.owner, RecordType::kRrsig, set.ttl_s, rdata)});
  }
  return *this;
}

void Message::add(Record record) {
  const bool again = std::ranges::any_of(records_, [&](const Record& other) {
    return other.section == record.section && other.bytes == record.bytes;
  });
  if (!again) records_.push_back(std::move(record));
}

Message Message::without(std::string_view owner, RecordType type) const {
  Message made = *this;
  std::erase_if(made.records_,
                [&](const Record& one) { return one.owner == owner && one.type == type; });
  return made;
}

Message Message::unsigned_copy() const {
  Message made = *this;
  std::erase_if(made.records_, [](const Record& one) { return one.signature; });
  return made;
}

Message Message::with_rcode(wire::Rcode rcode) const {
  Message made = *this;
  made.rcode_ = rcode;
  return made;
}

std::vector<std::pair<std::string, RecordType>> Message::denials() const {
  std::set<std::pair<std::string, RecordType>> made;
  for (const Record& one : records_) {
    if (one.section == wire::Section::kAuthority && one.type != RecordType::kSoa)
      made.emplace(one.owner, one.type);
  }
  return {made.begin(), made.end()};
}

std::vector<std::pair<wire::Section, Records>> Message::sets() const {
  std::vector<std::pair<wire::Section, Records>> made;
  for (const Record& one : records_) {
    auto at = std::ranges::find_if(made, [&](const auto& set) {
      return set.first == one.section && set.second.owner == one.owner &&
             set.second.type == one.type;
    });
    if (at == made.end())
      at = made.insert(at, {one.section, {.owner = one.owner, .type = one.type}});
    // Owner, type, class, TTL and length stand before the data.
    const std::size_t before = name_rdata(one.owner).size() + 10;
    (one.signature ? at->second.signatures : at->second.rdatas)
        .emplace_back(one.bytes.begin() + static_cast<std::ptrdiff_t>(before), one.bytes.end());
  }
  return made;
}

std::vector<std::uint8_t> Message::bytes() const {
  std::vector<std::uint8_t> out = {0, 0};
  put16(out, 0x8400u | static_cast<unsigned>(rcode_));
  put16(out, 1);
  for (const auto section :
       {wire::Section::kAnswer, wire::Section::kAuthority, wire::Section::kAdditional}) {
    put16(out, static_cast<std::size_t>(std::ranges::count(records_, section, &Record::section)));
  }
  put(out, question_);
  for (const auto section :
       {wire::Section::kAnswer, wire::Section::kAuthority, wire::Section::kAdditional}) {
    for (const Record& record : records_)
      if (record.section == section) put(out, record.bytes);
  }
  return out;
}

std::vector<std::uint8_t> Message::bytes_for(wire::Bytes query) const {
  Message made = *this;
  wire::Cursor cursor(query, wire::kHeaderOctets);
  wire::skip_name(cursor);
  cursor.skip(4);
  CAASCAN_ASSERT(cursor.ok());
  made.question_.assign(query.begin() + wire::kHeaderOctets,
                        query.begin() + static_cast<std::ptrdiff_t>(cursor.offset()));
  std::vector<std::uint8_t> out = made.bytes();
  std::copy_n(query.begin(), 2, out.begin());
  return out;
}

}  // namespace caascan::test
