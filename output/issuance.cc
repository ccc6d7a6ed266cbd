#include "output/issuance.h"

#include <fmt/format.h>

#include <array>

#include "ingest/assert.h"
#include "output/server_software.h"
#include "scanner/store/json_text.h"

namespace caascan {
namespace {

struct IssuanceText {
  std::string_view word;
  std::string_view meaning;
};

// In the order of the enumeration. The words are in published files: never change one.
constexpr auto kIssuanceTexts = std::to_array<IssuanceText>({
    {"blocks-le", "Let's Encrypt refuses"},
    {"br-discretion", "another CA may take the failure for permission: DNSSEC is proven absent"},
    {"br-forbidden", "no CA may issue: DNSSEC is at fault, or not proven absent"},
    {"transient", "seen in one round only: it may be gone the next time"},
    {"inherited", "the fault is the registry's or the root's"},
});
static_assert(kIssuanceTexts.size() == kIssuanceClassCount);

const IssuanceText& text_of(IssuanceClass issuance) {
  const auto index = static_cast<std::size_t>(issuance);
  CAASCAN_ASSERT(index < kIssuanceClassCount);
  return kIssuanceTexts[index];
}

// PowerDNS stores CAA records since 4.0.0.
bool cannot_store_caa(const Finding& finding) {
  static const auto kBeforeCaa = SoftwarePattern::parse("powerdns/0-3");
  return kBeforeCaa->matches(finding.versions);
}

}  // namespace

std::string_view word(IssuanceClass issuance) {
  return text_of(issuance).word;
}

std::string_view describe(IssuanceClass issuance) {
  return text_of(issuance).meaning;
}

std::vector<IssuanceClass> issuance_classes(const Finding& finding) {
  std::vector<IssuanceClass> out = {IssuanceClass::kBlocksLe};
  const bool repeated = finding.observed_unix_ms.size() > 1;
  switch (finding.security) {
    case Security::kNotChecked:
      break;
    case Security::kInsecure:
      if (repeated) out.push_back(IssuanceClass::kBrDiscretion);
      break;
    case Security::kSecure:
    case Security::kBogus:
    case Security::kIndeterminate:
      out.push_back(IssuanceClass::kBrForbidden);
      break;
  }
  if (!repeated) out.push_back(IssuanceClass::kTransient);
  if (finding.inherited) out.push_back(IssuanceClass::kInherited);
  return out;
}

std::string_view word(Workaround::Kind kind) {
  return kind == Workaround::Kind::kCaaRecord ? "caa-record" : "cname";
}

std::string describe(const Workaround& workaround) {
  const std::string at = printable_ascii(workaround.at);
  if (workaround.kind == Workaround::Kind::kCaaRecord) {
    return fmt::format(
        "A CAA record at {} itself; one at a parent or at a wildcard does not help, and where the "
        "name exists by a wildcard only, its other records have to be repeated beside it.",
        at);
  }
  return fmt::format(
      "A CNAME record at {}, in place of its other records, to a name whose zone another operator "
      "serves.",
      at);
}

std::vector<Workaround> workarounds(const Finding& finding) {
  // Where the proof of absence is at fault, an answer with a record in it needs none. Nobody but
  // the registry can put one at its own labels.
  const bool empty_answers_only =
      finding.bogus == BogusKind::kWrongDenial || finding.bogus == BogusKind::kNoDenialProof;
  if (!empty_answers_only || finding.inherited) return {};
  // An alias has no room for a CAA record beside it, but can lead elsewhere.
  if (!finding.alias_target.empty()) {
    return {{Workaround::Kind::kCname, finding.failing_label}};
  }
  std::vector<Workaround> out;
  if (!cannot_store_caa(finding))
    out.push_back({Workaround::Kind::kCaaRecord, finding.failing_label});
  // Beside the SOA record of an apex there is no CNAME (RFC 1034 §3.6.2).
  if (finding.failing_label != finding.zone) {
    out.push_back({Workaround::Kind::kCname, finding.failing_label});
  }
  return out;
}

}  // namespace caascan
