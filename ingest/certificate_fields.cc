#include "ingest/certificate_fields.h"

#include "ingest/der_walk.h"

namespace caascan::dump {
namespace {

constexpr std::string_view kOidCommonName = "\x55\x04\x03";      // 2.5.4.3
constexpr std::string_view kOidOrganization = "\x55\x04\x0a";    // 2.5.4.10
constexpr std::string_view kOidSubjectAltName = "\x55\x1d\x11";  // 2.5.29.17

constexpr std::uint8_t kTagVersion = 0xa0;     // [0] EXPLICIT
constexpr std::uint8_t kTagExtensions = 0xa3;  // [3] EXPLICIT
constexpr std::uint8_t kTagDnsName = 0x82;     // [2] IMPLICIT IA5String

// Calls `visit(oid, value)` for each attribute of a Name (RFC 5280 §4.1.2.4).
template <typename Visit>
bool for_each_attribute(std::string_view name, Visit visit) {
  ByteCursor sets(name);
  while (!sets.empty()) {
    std::string_view set;
    if (!read_element(sets, kTagSet, set)) return false;
    ByteCursor attributes(set);
    while (!attributes.empty()) {
      std::string_view attribute;
      std::string_view oid;
      DerElement value;
      if (!read_element(attributes, kTagSequence, attribute)) return false;
      ByteCursor parts(attribute);
      if (!read_element(parts, kTagOid, oid) || !read_element(parts, value)) return false;
      visit(oid, value);
    }
  }
  return true;
}

bool read_issuer(std::string_view name, CertificateFields& fields) {
  bool have_organization = false;
  bool have_common_name = false;
  return for_each_attribute(name, [&](std::string_view oid, const DerElement& value) {
    if (oid == kOidOrganization && !have_organization) {
      decode_string(value, fields.issuer_organization);
      have_organization = true;
    } else if (oid == kOidCommonName && !have_common_name) {
      decode_string(value, fields.issuer_common_name);
      have_common_name = true;
    }
  });
}

// RFC 5280 §4.2.1.6. An empty value names nothing, and bytes after the sequence are let be.
bool read_subject_alt_name(const DerElement& value, CertificateFields& fields) {
  std::string scratch;
  std::optional<std::string_view> octets = octets_of(value, scratch);
  if (!octets) return false;
  if (value.tag != kTagOctetString) {
    // Moving the vector would move short strings and so break earlier views: hence the reserve, by
    // count.
    if (fields.joined.size() == fields.joined.capacity()) return false;
    octets = fields.joined.emplace_back(std::move(scratch));
  }
  if (octets->empty()) return true;
  ByteCursor outer(*octets);
  std::string_view names;
  if (!read_element(outer, kTagSequence, names)) return false;
  ByteCursor cursor(names);
  while (!cursor.empty()) {
    DerElement name;
    if (!read_element(cursor, name)) return false;
    if (name.tag == kTagDnsName) fields.dns_names.push_back(name.contents);
  }
  return true;
}

bool read_extensions(std::string_view explicit_contents, CertificateFields& fields) {
  ByteCursor outer(explicit_contents);
  std::string_view extensions;
  if (outer.empty()) return true;
  if (!read_element(outer, kTagSequence, extensions)) return false;
  ByteCursor cursor(extensions);
  while (!cursor.empty()) {
    std::string_view extension;
    std::string_view oid;
    DerElement value;
    if (!read_element(cursor, kTagSequence, extension)) return false;
    ByteCursor parts(extension);
    if (!read_element(parts, kTagOid, oid)) return false;
    if (oid != kOidSubjectAltName) continue;
    if (!read_element(parts, value)) return false;
    if (value.tag == kTagBoolean && !read_element(parts, value)) return false;
    if (!read_subject_alt_name(value, fields)) return false;
  }
  return true;
}

void read_subject(std::string_view name, CertificateFields& fields) {
  // A subject that cannot be walked costs the names after the break, not the certificate: with SANs
  // it would not have been looked at.
  static_cast<void>(for_each_attribute(name, [&](std::string_view oid, const DerElement& value) {
    if (oid == kOidCommonName) decode_string(value, fields.subject_common_names.emplace_back());
  }));
}

}  // namespace

bool read_certificate(std::string_view der, bool precertificate, CertificateFields& fields) {
  constexpr std::size_t kJoinedMax = 4;  // constructed SAN extensions in one certificate
  fields.issuer_organization.clear();
  fields.issuer_common_name.clear();
  fields.not_after_unix_s.reset();
  fields.dns_names.clear();
  fields.subject_common_names.clear();
  fields.joined.clear();
  fields.joined.reserve(kJoinedMax);

  ByteCursor outer(der);
  std::string_view tbs_bytes;
  if (!precertificate) {
    std::string_view certificate;
    if (!read_element(outer, kTagSequence, certificate)) return false;
    outer = ByteCursor(certificate);
  }
  if (!read_element(outer, kTagSequence, tbs_bytes)) return false;

  ByteCursor tbs(tbs_bytes);
  std::string_view ignored;
  std::string_view issuer;
  std::string_view validity;
  std::string_view subject;
  if (next_is(tbs, kTagVersion) && !read_element(tbs, kTagVersion, ignored)) return false;
  if (!read_element(tbs, kTagInteger, fields.serial)) return false;
  if (!read_element(tbs, kTagSequence, ignored)) return false;  // signature
  if (!read_element(tbs, kTagSequence, issuer)) return false;
  if (!read_element(tbs, kTagSequence, validity)) return false;
  if (!read_element(tbs, kTagSequence, subject)) return false;
  if (!read_element(tbs, kTagSequence, ignored)) return false;  // subjectPublicKeyInfo

  if (!read_issuer(issuer, fields)) return false;
  ByteCursor times(validity);
  DerElement time;
  if (read_element(times, time) && read_element(times, time)) {
    fields.not_after_unix_s = unix_seconds_of(time);
  }
  // issuerUniqueID [1] and subjectUniqueID [2] may stand before the extensions.
  while (!tbs.empty()) {
    DerElement element;
    if (!read_element(tbs, element)) return false;
    if (element.tag == kTagExtensions && !read_extensions(element.contents, fields)) return false;
  }
  if (fields.dns_names.empty()) read_subject(subject, fields);
  return true;
}

}  // namespace caascan::dump
