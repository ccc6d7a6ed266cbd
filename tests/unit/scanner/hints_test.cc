#include "scanner/wire/hints.h"

#include <gtest/gtest.h>

#include "scanner/builtin_data.h"

namespace caascan::wire {
namespace {

TEST(RootHints, AServerHasItsAddressesOfBothFamilies) {
  const auto hints = parse_root_hints(
      ". 3600000 NS a.root.example.\n"
      "a.root.example. 3600000 A 198.41.0.4\n"
      "a.root.example. 3600000 AAAA 2001:503:ba3e::2:30\n",
      "hints");
  ASSERT_TRUE(hints.has_value()) << hints.error();
  ASSERT_EQ(hints->size(), 1u);
  ASSERT_EQ((*hints)[0].addresses.size(), 2u);
  EXPECT_FALSE((*hints)[0].addresses[0].v6);
  EXPECT_EQ((*hints)[0].addresses[0].octets[0], 198);
  EXPECT_TRUE((*hints)[0].addresses[1].v6);
}

TEST(RootHints, AServerWithoutAnAddressIsLeftOut) {
  const auto hints = parse_root_hints(
      ". 1 NS a.example.\n. 1 NS b.example.\nb.example. 1 A 198.41.0.5\n", "hints");
  ASSERT_TRUE(hints.has_value());
  ASSERT_EQ(hints->size(), 1u);
  EXPECT_EQ((*hints)[0].nameserver.text(), "b.example");
}

TEST(RootHints, NoServerWithAnAddressIsAnError) {
  EXPECT_FALSE(parse_root_hints(". 1 NS a.example.\n", "hints").has_value());
  EXPECT_FALSE(parse_root_hints("", "hints").has_value());
}

TEST(RootHints, AnErrorNamesTextAndLine) {
  const auto hints = parse_root_hints("; a comment\n\nnot a record\n", "my.hints");
  ASSERT_FALSE(hints.has_value());
  EXPECT_TRUE(hints.error().starts_with("my.hints:3: ")) << hints.error();
}

TEST(RootHints, CommentsAndOtherRecordsAreIgnored) {
  const auto hints = parse_root_hints(
      "; c\n. 1 NS a.example. ; the first\ncom. 1 NS x.example.\na.example. 1 A 198.41.0.4\r\n",
      "hints");
  ASSERT_TRUE(hints.has_value()) << hints.error();
  EXPECT_EQ(hints->size(), 1u);
}

}  // namespace
}  // namespace caascan::wire
