#include "ingest/domain_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace caascan {
namespace {

using std::string_literals::operator""s;

// `octets` octets of labels of 63 and a last one of what is left.
std::string name_of(std::size_t octets) {
  std::string name;
  while (octets - name.size() > 64) name += std::string(63, 'a') + ".";
  return name + std::string(octets - name.size(), 'b');
}

struct AcceptedCase {
  std::string raw;
  std::string as_issued;
};
void PrintTo(const AcceptedCase& test, std::ostream* out) {
  *out << escape_for_print(test.raw);
}
class AcceptedName : public testing::TestWithParam<AcceptedCase> {};

TEST_P(AcceptedName, BecomesCanonical) {
  const auto name = parse_issued_name(GetParam().raw);
  ASSERT_TRUE(name.has_value()) << reject_word(name.error());
  EXPECT_EQ(name->as_issued(), GetParam().as_issued);
  // What is canonical stays as it is.
  const auto again = parse_issued_name(name->as_issued());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, *name);
}

INSTANTIATE_TEST_SUITE_P(
    Names, AcceptedName,
    testing::Values(
        AcceptedCase{"example.com", "example.com"},
        AcceptedCase{"WWW.Example.COM", "www.example.com"},
        AcceptedCase{"example.com.", "example.com"}, AcceptedCase{"*.example.com", "*.example.com"},
        AcceptedCase{"*.EXAMPLE.com.", "*.example.com"},
        AcceptedCase{"_dmarc.a_b.example", "_dmarc.a_b.example"},
        AcceptedCase{"-a-.example", "-a-.example"}, AcceptedCase{"a.b", "a.b"},
        AcceptedCase{"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
        AcceptedCase{"xn--99999999.example", "xn--99999999.example"},
        AcceptedCase{"XN--.example", "xn--.example"},
        AcceptedCase{"m\xc3\xbcnchen.example", "xn--mnchen-3ya.example"},
        AcceptedCase{"*.M\xc3\x9cNCHEN.example.", "*.xn--mnchen-3ya.example"},
        AcceptedCase{"fa\xc3\x9f.example", "xn--fa-hia.example"},
        AcceptedCase{"_a.m\xc3\xbcnchen.xn--99999999", "_a.xn--mnchen-3ya.xn--99999999"},
        AcceptedCase{"m\xc3\xbcnchen\xe3\x80\x82"
                     "example\xef\xbc\x8e",
                     "xn--mnchen-3ya.example"},
        AcceptedCase{"mu\xcc\x88nchen.example", "xn--mnchen-3ya.example"},
        AcceptedCase{"1.2.3.4.5", "1.2.3.4.5"}, AcceptedCase{"1.2.3.256", "1.2.3.256"},
        AcceptedCase{"1.2.3", "1.2.3"}, AcceptedCase{"1.2.3.0001", "1.2.3.0001"},
        AcceptedCase{std::string(62, 'a') + ".example", std::string(62, 'a') + ".example"},
        AcceptedCase{std::string(63, 'a') + ".example", std::string(63, 'a') + ".example"},
        AcceptedCase{"example." + std::string(63, 'a'), "example." + std::string(63, 'a')},
        AcceptedCase{name_of(252), name_of(252)}, AcceptedCase{name_of(253), name_of(253)},
        AcceptedCase{"*." + name_of(253) + ".", "*." + name_of(253)}));

struct RejectedCase {
  std::string raw;
  NameReject reason;
};
void PrintTo(const RejectedCase& test, std::ostream* out) {
  *out << escape_for_print(test.raw);
}
class RejectedName : public testing::TestWithParam<RejectedCase> {};

TEST_P(RejectedName, TellsWhy) {
  const auto name = parse_issued_name(GetParam().raw);
  ASSERT_FALSE(name.has_value()) << name->as_issued();
  EXPECT_EQ(reject_word(name.error()), reject_word(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Names, RejectedName,
    testing::Values(RejectedCase{"", NameReject::kEmpty}, RejectedCase{".", NameReject::kEmpty},
                    RejectedCase{"*..", NameReject::kEmpty},
                    RejectedCase{".example.com", NameReject::kEmptyLabel},
                    RejectedCase{"a..example", NameReject::kEmptyLabel},
                    RejectedCase{"example.com..", NameReject::kEmptyLabel},
                    RejectedCase{"*..example", NameReject::kEmptyLabel},
                    RejectedCase{"\xc2\xad.example", NameReject::kEmptyLabel},
                    RejectedCase{std::string(64, 'a') + ".example", NameReject::kLabelTooLong},
                    RejectedCase{"example." + std::string(64, 'a'), NameReject::kLabelTooLong},
                    RejectedCase{name_of(254), NameReject::kNameTooLong},
                    RejectedCase{"*." + name_of(254), NameReject::kNameTooLong},
                    RejectedCase{name_of(300), NameReject::kNameTooLong},
                    RejectedCase{"localhost", NameReject::kSingleLabel},
                    RejectedCase{"com.", NameReject::kSingleLabel},
                    RejectedCase{"*.com", NameReject::kSingleLabel},
                    RejectedCase{"192.0.2.1", NameReject::kIpAddress},
                    RejectedCase{"255.255.255.255.", NameReject::kIpAddress},
                    RejectedCase{"*.192.0.2.001", NameReject::kIpAddress},
                    RejectedCase{"2001:db8::1", NameReject::kIpAddress},
                    RejectedCase{"::ffff:192.0.2.1", NameReject::kIpAddress},
                    RejectedCase{"\xef\xbc\x91.2.3.4", NameReject::kIpAddress},
                    RejectedCase{"example.com:443", NameReject::kBadCharacter},
                    RejectedCase{"http://example.com", NameReject::kBadCharacter},
                    RejectedCase{"a b.example", NameReject::kBadCharacter},
                    RejectedCase{" a.example", NameReject::kBadCharacter},
                    RejectedCase{"user@example.com", NameReject::kBadCharacter},
                    RejectedCase{"?.example.com", NameReject::kBadCharacter},
                    RejectedCase{"a\0.example"s, NameReject::kBadCharacter},
                    RejectedCase{"\x0a\x00\x00\x01"s, NameReject::kBadCharacter},
                    RejectedCase{"m\xc3\xbc\0.example"s, NameReject::kBadCharacter},
                    RejectedCase{"m\xc3\xbc/x.example", NameReject::kBadCharacter},
                    RejectedCase{"*", NameReject::kMisplacedWildcard},
                    RejectedCase{"a*.example", NameReject::kMisplacedWildcard},
                    RejectedCase{"www.*.example", NameReject::kMisplacedWildcard},
                    RejectedCase{"*.*.example", NameReject::kMisplacedWildcard},
                    RejectedCase{"*.m\xc3\xbc*.example", NameReject::kMisplacedWildcard},
                    RejectedCase{"\xef\xbc\x8a.example", NameReject::kMisplacedWildcard},
                    RejectedCase{"m\xfcnchen.example", NameReject::kBadIdn},
                    RejectedCase{"\xc3.example", NameReject::kBadIdn},
                    RejectedCase{"a\xef\xbf\xbd.example", NameReject::kBadIdn},
                    RejectedCase{std::string(2049, 'a') + "\xc3\xbc.example",
                                 NameReject::kNameTooLong}));

TEST(IssuedName, AULabelsLimitIsThatOfItsALabel) {
  // `xn--` and Punycode need 63 octets for this, and 64 for one `a` more.
  std::string label = "\xc3\xbc";
  while (parse_issued_name(label + "a.example").has_value()) label += 'a';
  EXPECT_EQ(parse_issued_name(label + ".example")->name.text().find('.'), 63U);
  EXPECT_EQ(parse_issued_name(label + "a.example").error(), NameReject::kLabelTooLong);
}

TEST(NameReject, EveryReasonHasAWordAndAMeaningOfItsOwn) {
  std::set<std::string_view> words;
  std::set<std::string_view> meanings;
  for (std::size_t reason = 0; reason < kNameRejectCount; ++reason) {
    words.insert(reject_word(static_cast<NameReject>(reason)));
    meanings.insert(describe(static_cast<NameReject>(reason)));
  }
  EXPECT_EQ(words.size(), kNameRejectCount);
  EXPECT_EQ(meanings.size(), kNameRejectCount);
  EXPECT_FALSE(words.contains("unknown"));
}

TEST(DomainName, KnowsItsLabelsAndParent) {
  const DomainName name = DomainName::from_canonical("a.b.example");
  EXPECT_EQ(name.label_count(), 3U);
  EXPECT_EQ(name.parent(), "b.example");
  EXPECT_EQ(DomainName::from_canonical("example").parent(), "");
  EXPECT_EQ(DomainName::from_canonical("example").label_count(), 1U);
  EXPECT_EQ(DomainName().label_count(), 0U);
}

TEST(EscapeForPrint, LeavesOnlyPrintableAscii) {
  EXPECT_EQ(escape_for_print("a b~"), "a b~");
  EXPECT_EQ(escape_for_print("\x1b[2J\\\x7f\xff\n"s + '\0'), "\\027[2J\\092\\127\\255\\010\\000");
}

TEST(EscapeForPrint, ShowsAtMostThousandOctets) {
  EXPECT_EQ(escape_for_print(std::string(1000, 'a')), std::string(1000, 'a'));
  EXPECT_EQ(escape_for_print(std::string(1001, 'a')), std::string(1000, 'a') + "...");
}

TEST(RegistrableDomain, FollowsThePublicSuffixList) {
  EXPECT_EQ(registrable_domain("a.b.example.com"), "example.com");
  EXPECT_EQ(registrable_domain("www.example.co.uk"), "example.co.uk");
  EXPECT_EQ(registrable_domain("a.github.io"), "a.github.io");
  EXPECT_EQ(registrable_domain("co.uk"), "co.uk");
  EXPECT_EQ(registrable_domain("com"), "com");
  EXPECT_EQ(registrable_domain("a.b.unknown-tld"), "b.unknown-tld");
}

TEST(RegistrableDomain, IsAPartOfTheName) {
  const std::string longest = std::string(kNameOctetsMax - 12, 'a') + ".example.com";
  for (const std::string& name : {std::string("www.example.com"), longest}) {
    const std::string_view found = registrable_domain(name);
    EXPECT_EQ(found, "example.com");
    EXPECT_EQ(found.data(), name.data() + name.size() - found.size());
  }
}

TEST(RegistrableDomain, WhatIsTooLongForANameIsItsOwn) {
  const std::string text = std::string(kNameOctetsMax - 11, 'a') + ".example.com";
  EXPECT_EQ(registrable_domain(text), text);
  EXPECT_EQ(registrable_domain(""), "");
}

}  // namespace
}  // namespace caascan
