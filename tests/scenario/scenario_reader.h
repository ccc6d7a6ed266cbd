// Reads scenario files, line by line; the format is in README.md.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <expected>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/scenario/scenario.h"

namespace caascan::sim {

using Words = std::vector<std::string>;

class ScenarioReader {
 public:
  std::expected<Scenario, std::string> read(std::string_view text);

 private:
  void line(const Words& words);
  void internet(const Words& words);
  void zone(const Words& words);
  void sign(const Words& words);
  void behave(const Words& words);
  void reply(const Words& words);
  void option(const Words& words);
  void expect(const Words& words);
  void seen(const Words& words);
  void fail(std::string text) {
    if (fault_.empty()) fault_ = std::move(text);
  }
  void check(Check check) { scenario_.checks.push_back({number_, std::move(check)}); }

  engine::IpAddress address(const std::string& text) {
    const auto parsed = engine::IpAddress::parse(text);
    if (!parsed) fail("not an address: " + text);
    return parsed.value_or(engine::IpAddress{});
  }
  wire::DnsName name(const std::string& text) {
    const auto parsed = wire::DnsName::from_text(text);
    if (!parsed) fail("not a name: " + text);
    return parsed.value_or(wire::DnsName());
  }
  double number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      fail("not a number: " + std::string(text));
    return value;
  }
  engine::Duration duration(std::string_view text) {
    for (const auto& [unit, scale] : {std::pair{"ms", 1e6}, std::pair{"s", 1e9},
                                      std::pair{"min", 6e10}, std::pair{"h", 3.6e12}}) {
      const std::string_view ending = unit;
      if (!text.ends_with(ending)) continue;
      const std::string_view digits = text.substr(0, text.size() - ending.size());
      if (digits.empty() || digits.back() < '0' || digits.back() > '9') continue;
      return engine::Duration(static_cast<engine::Duration::rep>(number(digits) * scale));
    }
    fail("not a time with its unit: " + std::string(text));
    return {};
  }
  wire::RecordType type(const std::string& text) {
    for (const wire::RecordType known :
         {wire::RecordType::kA, wire::RecordType::kNs, wire::RecordType::kCname,
          wire::RecordType::kSoa, wire::RecordType::kAaaa, wire::RecordType::kDname,
          wire::RecordType::kCaa, wire::RecordType::kDs, wire::RecordType::kDnskey}) {
      if (wire::word(known) == text) return known;
    }
    fail("not a type: " + text);
    return wire::RecordType::kA;
  }
  // "key=value" split; the value is empty where there is no "=".
  static std::pair<std::string, std::string> pair(const std::string& word) {
    const std::size_t at = word.find('=');
    if (at == std::string::npos) return {word, ""};
    return {word.substr(0, at), word.substr(at + 1)};
  }
  static Words split(const std::string& text, char by) {
    Words words;
    std::istringstream in(text);
    for (std::string word; std::getline(in, word, by);) words.push_back(word);
    return words;
  }
  // A comparison of a count: "= 3", "<= 3", ">= 3".
  std::function<std::string(double)> comparison(const Words& words, std::size_t at,
                                                std::string what) {
    if (at + 2 != words.size()) {
      fail("a comparison is an operator and a number");
      return {};
    }
    const std::string& sign = words[at];
    if (sign != "=" && sign != "<=" && sign != ">=") fail("not a comparison: " + sign);
    const double right = number(words[at + 1]);
    return [sign, right, what = std::move(what)](double left) -> std::string {
      const bool holds = sign == "=" ? left == right : sign == "<=" ? left <= right : left >= right;
      return holds ? "" : fmt::format("{} is {}, not {} {}", what, left, sign, right);
    };
  }

  Scenario scenario_;
  int number_ = 0;
  std::string fault_;
};

}  // namespace caascan::sim
