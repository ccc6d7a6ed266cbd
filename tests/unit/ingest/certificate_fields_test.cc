#include "ingest/certificate_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "ingest/der_walk.h"
#include "tests/support/certificate_builder.h"
#include "tests/support/der_builder.h"

namespace caascan::dump {
namespace {

using std::string_literals::operator""s;
using test::ber_indefinite;
using test::ber_long;
using test::der;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kOidSan = der(kTagOid, "\x55\x1d\x11");
const std::string kOidCn = der(kTagOid, "\x55\x04\x03");
const std::string kOidO = der(kTagOid, "\x55\x04\x0a");

std::string attribute(const std::string& oid, std::uint8_t tag, std::string_view text) {
  return der(kTagSet, der(kTagSequence, {oid, der(tag, text)}));
}
std::string dns(std::string_view name) {
  return der(0x82, name);
}
std::string san(std::string_view names) {
  return der(kTagSequence, {kOidSan, der(kTagOctetString, der(kTagSequence, names))});
}

// A TBSCertificate put together from parts that a test may replace.
struct Tbs {
  std::string version = der(0xa0, der(kTagInteger, "\x02"));
  std::string serial = der(kTagInteger, "\x01\x02");
  std::string issuer = der(kTagSequence, attribute(kOidO, kTagUtf8String, "Org"));
  std::string validity =
      der(kTagSequence, {der(kTagUtcTime, "700101000000Z"), der(kTagUtcTime, "700101000010Z")});
  std::string subject = der(kTagSequence, attribute(kOidCn, kTagUtf8String, "cn.example"));
  std::string extensions = san(dns("a.example"));
  std::string before_extensions;
  std::string after_extensions;

  [[nodiscard]] std::string contents() const {
    return version + serial + der(kTagSequence, "") + issuer + validity + subject +
           der(kTagSequence, "") + before_extensions +
           (extensions.empty() ? "" : der(0xa3, der(kTagSequence, extensions))) + after_extensions;
  }
  [[nodiscard]] std::string bytes() const { return der(kTagSequence, contents()); }
};

class CertificateFieldsTest : public testing::Test {
 protected:
  bool read(const std::string& tbs) {
    bytes_ = tbs;
    return read_certificate(bytes_, true, fields_);
  }
  CertificateFields fields_;
  std::string bytes_;
};

TEST_F(CertificateFieldsTest, AreThoseThatOpensslWrote) {
  const test::CertificateAuthority authority("ca", "Let's Encrypt", "R10");
  const test::CertificateSpec spec{.serial_hex = "8F0102",
                                   .not_after_unix_s = 1'707'776'000,
                                   .subject_common_name = "cn.example",
                                   .dns_names = {"a.example", "*.b.example"},
                                   .uri_names = {"https://c.example"}};
  for (const bool precertificate : {false, true}) {
    const std::string bytes =
        precertificate ? authority.tbs_certificate(spec) : authority.certificate(spec);
    ASSERT_TRUE(read_certificate(bytes, precertificate, fields_));
    EXPECT_EQ(fields_.serial, "\x00\x8f\x01\x02"s);
    EXPECT_EQ(fields_.issuer_organization, "Let's Encrypt");
    EXPECT_EQ(fields_.issuer_common_name, "R10");
    EXPECT_EQ(fields_.not_after_unix_s, 1'707'776'000);
    EXPECT_THAT(fields_.dns_names, ElementsAre("a.example", "*.b.example"));
    EXPECT_THAT(fields_.subject_common_names, IsEmpty());
  }
}

TEST_F(CertificateFieldsTest, ReadTheCommonNameOnlyWithoutDnsNames) {
  Tbs tbs;
  tbs.extensions = "";
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_THAT(fields_.subject_common_names, ElementsAre("cn.example"));
  tbs.extensions = san(der(0x86, "https://uri.example") + der(0x87, "\x7f\0\0\x01"s));
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_THAT(fields_.subject_common_names, ElementsAre("cn.example"));
  EXPECT_THAT(fields_.dns_names, IsEmpty());
  tbs.extensions = san(dns(""));
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_THAT(fields_.subject_common_names, IsEmpty());
  EXPECT_THAT(fields_.dns_names, ElementsAre(""));
}

TEST_F(CertificateFieldsTest, TakeEveryCommonNameOfTheSubject) {
  Tbs tbs;
  tbs.extensions = "";
  tbs.subject = der(kTagSequence, attribute(kOidCn, kTagBmpString, "\0a\0.\0b"s) +
                                      attribute(kOidO, kTagUtf8String, "x.example") +
                                      attribute(kOidCn, kTagPrintableString, "c.d"));
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_THAT(fields_.subject_common_names, ElementsAre("a.b", "c.d"));
}

TEST_F(CertificateFieldsTest, TakeTheFirstOrganizationOfTheIssuer) {
  Tbs tbs;
  tbs.issuer = der(kTagSequence, attribute(kOidCn, kTagTeletexString, "M\xfc") +
                                     attribute(kOidO, kTagPrintableString, "One") +
                                     attribute(kOidO, kTagUtf8String, "Two"));
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_EQ(fields_.issuer_organization, "One");
  EXPECT_EQ(fields_.issuer_common_name, "M\xc3\xbc");
}

TEST_F(CertificateFieldsTest, AddUpOverSeveralSanExtensions) {
  Tbs tbs;
  tbs.extensions = san(dns("a.example")) +
                   der(kTagSequence, {der(kTagOid, "\x55\x1d\x0f"), "junk"}) +
                   san(dns("b.example"));
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_THAT(fields_.dns_names, ElementsAre("a.example", "b.example"));
}

TEST_F(CertificateFieldsTest, AreFoundInOddEncodings) {
  Tbs tbs;
  tbs.version = "";  // a v1 certificate with extensions
  tbs.serial = der(kTagInteger, "\x00\x00\xff"s);
  tbs.before_extensions = der(0x81, "\x00x"s) + der(0x82, "\x00y"s);
  tbs.after_extensions = der(kTagOctetString, "behind");
  tbs.extensions = der(
      kTagSequence,
      {kOidSan, der(kTagBoolean, "\x01"),
       der(kTagOctetString | kConstructedBit,
           der(kTagOctetString, der(kTagSequence, dns("a.example")).substr(0, 5)) +
               der(kTagOctetString, der(kTagSequence, dns("a.example")).substr(5) + "trailing"))});
  const std::string contents = tbs.contents();
  for (const std::string& bytes :
       {der(kTagSequence, contents), der(kTagSequence, contents) + "trailing",
        ber_long(kTagSequence, contents, 8), ber_indefinite(kTagSequence, contents)}) {
    ASSERT_TRUE(read(bytes));
    EXPECT_EQ(fields_.serial, "\x00\x00\xff"s);
    EXPECT_THAT(fields_.dns_names, ElementsAre("a.example"));
  }
}

TEST_F(CertificateFieldsTest, AnEmptySanValueNamesNothing) {
  Tbs tbs;
  tbs.extensions = der(kTagSequence, {kOidSan, der(kTagOctetString, "")});
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_THAT(fields_.dns_names, IsEmpty());
  EXPECT_THAT(fields_.subject_common_names, ElementsAre("cn.example"));
}

TEST_F(CertificateFieldsTest, AnUnreadableEndIsLeftEmpty) {
  Tbs tbs;
  tbs.validity = der(kTagSequence, {der(kTagUtcTime, "700101000000Z"), der(kTagUtcTime, "never")});
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_EQ(fields_.not_after_unix_s, std::nullopt);
  tbs.validity = der(kTagSequence, "");
  ASSERT_TRUE(read(tbs.bytes()));
  EXPECT_EQ(fields_.not_after_unix_s, std::nullopt);
}

TEST_F(CertificateFieldsTest, CannotBeReadFromACutCertificate) {
  const std::string whole = Tbs().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read(whole.substr(0, size))) << size;
  }
}

TEST_F(CertificateFieldsTest, CannotBeReadFromABrokenSan) {
  Tbs tbs;
  tbs.extensions = san(dns("a.example") + "\x82\x7f");
  EXPECT_FALSE(read(tbs.bytes()));
  tbs.extensions = der(kTagSequence, {kOidSan, der(kTagInteger, "1")});
  EXPECT_FALSE(read(tbs.bytes()));
}

}  // namespace
}  // namespace caascan::dump
