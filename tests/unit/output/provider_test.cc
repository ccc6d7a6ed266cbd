#include "output/provider.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace caascan {
namespace {

ProviderTable table(std::string_view text) {
  auto parsed = ProviderTable::parse(text, "test");
  EXPECT_TRUE(parsed.has_value()) << parsed.error();
  return parsed.value_or(ProviderTable());
}

std::string provider_of(const ProviderTable& table, std::vector<std::string> nameservers) {
  return table.provider_of(nameservers);
}

TEST(ProviderTable, SuffixMatchesWholeLabelsOnly) {
  const ProviderTable providers = table("namebrightdns.com\tnamebright\n");
  EXPECT_EQ(providers.provider_of_nameserver("namebrightdns.com"), "namebright");
  EXPECT_EQ(providers.provider_of_nameserver("ns1.namebrightdns.com"), "namebright");
  EXPECT_EQ(providers.provider_of_nameserver("a.b.namebrightdns.com"), "namebright");
  EXPECT_EQ(providers.provider_of_nameserver("notnamebrightdns.com"), "notnamebrightdns.com");
  EXPECT_EQ(providers.provider_of_nameserver("namebrightdns.com.example.net"), "example.net");
}

TEST(ProviderTable, CaseAndFinalDotDoNotMatter) {
  const ProviderTable providers = table("NameBrightDNS.com\tnamebright\n");
  EXPECT_EQ(providers.provider_of_nameserver("NS1.NAMEBRIGHTDNS.COM."), "namebright");
}

TEST(ProviderTable, LongestSuffixWins) {
  const ProviderTable providers = table("example.net\tshort\nns.example.net\tlong\n");
  EXPECT_EQ(providers.provider_of_nameserver("a.example.net"), "short");
  EXPECT_EQ(providers.provider_of_nameserver("a.ns.example.net"), "long");
}

TEST(ProviderTable, UnknownNameserverCountsUnderItsRegistrableDomain) {
  const ProviderTable providers = table("");
  EXPECT_EQ(providers.provider_of_nameserver("ns1.dns.example.co.uk"), "example.co.uk");
}

TEST(ProviderTable, WhatIsNoHostNameIsUnknown) {
  const ProviderTable providers = table("");
  for (const std::string_view name :
       {"", ".", "=cmd.example.net", "a\\032b.example.net", "-x;y", "\xff.example"}) {
    EXPECT_EQ(providers.provider_of_nameserver(name), kProviderUnknown) << name;
  }
}

TEST(ProviderTable, MostNamesWinAndEqualsGoBytewise) {
  const ProviderTable providers = table("a.net\tzeta\nb.net\tbeta\nc.net\talpha\n");
  EXPECT_EQ(provider_of(providers, {"1.a.net", "2.a.net", "1.b.net"}), "zeta");
  EXPECT_EQ(provider_of(providers, {"1.a.net", "1.b.net"}), "beta");
  EXPECT_EQ(provider_of(providers, {"1.b.net", "1.a.net"}), "beta");
  EXPECT_EQ(provider_of(providers, {"1.b.net", "1.c.net", "1.a.net"}), "alpha");
}

TEST(ProviderTable, UnknownNeverOutvotesAKnownProvider) {
  const ProviderTable providers = table("a.net\tzeta\n");
  EXPECT_EQ(provider_of(providers, {"=x.net", "=y.net", "ns.a.net"}), "zeta");
  EXPECT_EQ(provider_of(providers, {"=x.net"}), kProviderUnknown);
  EXPECT_EQ(provider_of(providers, {}), kProviderUnknown);
}

TEST(ProviderTable, CommentsBlankLinesCrAndAMissingLastLineEndAreTaken) {
  const ProviderTable providers = table("# comment\n\na.net\tone\r\nb.net\ttwo");
  EXPECT_EQ(providers.provider_of_nameserver("ns.a.net"), "one");
  EXPECT_EQ(providers.provider_of_nameserver("ns.b.net"), "two");
}

struct BadTable {
  std::string_view text, error;
};

TEST(ProviderTable, ErrorNamesOriginAndLine) {
  const BadTable tables[] = {
      {"a.net one\n", "p.tsv: line 1: not SUFFIX<TAB>PROVIDER"},
      {"# x\n.a.net\tone\n", "p.tsv: line 2: the suffix is not a host name"},
      {"a b.net\tone\n", "p.tsv: line 1: the suffix is not a host name"},
      {"\tone\n", "p.tsv: line 1: the suffix is not a host name"},
      {"a.net\tOne Two\n",
       "p.tsv: line 1: the provider is not a word of a-z, 0-9, `-`, `_` and `.`"},
      {"a.net\t\n", "p.tsv: line 1: the provider is not a word of a-z, 0-9, `-`, `_` and `.`"},
      {"a.net\tone\textra\n",
       "p.tsv: line 1: the provider is not a word of a-z, 0-9, `-`, `_` and `.`"},
      {"a.net\tone\nA.NET\ttwo\n", "p.tsv: line 2: the suffix stands in the table already"},
  };
  for (const BadTable& bad : tables) {
    const auto parsed = ProviderTable::parse(bad.text, "p.tsv");
    ASSERT_FALSE(parsed.has_value()) << bad.text;
    EXPECT_EQ(parsed.error(), bad.error);
  }
}

TEST(ProviderTable, BuiltInTableKnowsNamebright) {
  const auto parsed = ProviderTable::parse(builtin_provider_table(), "built-in");
  ASSERT_TRUE(parsed.has_value()) << parsed.error();
  EXPECT_EQ(parsed->provider_of_nameserver("ns1.namebrightdns.com"), kNamebright);
  EXPECT_EQ(parsed->provider_of_nameserver("ada.ns.cloudflare.com"), "cloudflare");
}

}  // namespace
}  // namespace caascan
