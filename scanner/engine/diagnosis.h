// Which zone is at fault, when only a recursive resolver can be asked.
//
// The resolver says SERVFAIL and no more. SOA and NS questions for the failing label, and for what
// lies above it while they fail too, tell the zone:
//   control   A at the failing label: is the fault CAA's alone?
//   SOA       at the label: the apex from the SOA record. A CNAME leads to its target, which is
//   tried instead.
//   case      where a DNSSEC denial was wrong: is it right in lower case?
//   CNAME     where SOA fails: a broken alias target hides behind the same SERVFAIL.
//   up        where both fail: the parent. The child of the first parent that answers is the apex
//   at fault. NS        at the apex: the nameserver names, from which the provider is found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scanner/engine/resolution.h"

namespace caascan::engine {

inline constexpr int kDiagnosisAliasMax = 11;  // Unbound's bound on restarts

// The questions of one diagnosis, one at a time. Pure state machine: ask `question()`, hand the
// answer to `on_answer`, until `done()`.
class Diagnosis {
 public:
  explicit Diagnosis(wire::DnsName failing_label);
  // Where the zone is known already: only the control, and SOA at the apex for the contact.
  Diagnosis(wire::DnsName failing_label, wire::DnsName zone);
  // Also asks in lower case at `name`, whose denial was wrong. The type is one that nobody has, and
  // not CAA: the wrong denial may still be in the server's cache of packets.
  void compare_case_at(wire::DnsName name) { case_at_ = std::move(name); }

  [[nodiscard]] bool done() const { return step_ == Step::kDone; }
  [[nodiscard]] Question question() const;
  // The one after that, where it does not hang on its answer.
  [[nodiscard]] std::optional<Question> question_ahead() const;
  void on_answer(const Resolution& answer);

  // Results, once done.
  [[nodiscard]] const std::optional<wire::DnsName>& zone() const { return zone_; }
  [[nodiscard]] const wire::DnsName& alias_target() const { return alias_target_; }  // root: none
  [[nodiscard]] const std::vector<std::string>& nameservers() const { return nameservers_; }
  [[nodiscard]] const std::string& soa_contact() const { return soa_contact_; }
  [[nodiscard]] std::optional<AttemptResult> control_result() const { return control_result_; }
  [[nodiscard]] std::optional<std::uint8_t> control_rcode() const { return control_rcode_; }
  // The denial is right in lower case: only the case of the question makes it wrong.
  [[nodiscard]] bool right_in_lower_case() const { return right_in_lower_case_; }

 private:
  enum class Step : std::uint8_t { kControl, kSoa, kCname, kNs, kContact, kCase, kDone };
  void on_soa(const Resolution& answer);
  void on_cname(const Resolution& answer);
  void follow(const wire::DnsName& target);
  void go_up();
  void settle(const wire::DnsName& apex);

  Step step_ = Step::kControl;
  wire::DnsName failing_label_;
  wire::DnsName at_;                           // where SOA and CNAME are asked
  std::optional<wire::DnsName> failed_below_;  // the label below `at_` that did not answer
  int aliases_ = 0;
  std::optional<wire::DnsName> zone_;
  wire::DnsName alias_target_;
  std::vector<std::string> nameservers_;
  std::string soa_contact_;
  std::optional<AttemptResult> control_result_;
  std::optional<std::uint8_t> control_rcode_;
  std::optional<wire::DnsName> case_at_;
  bool right_in_lower_case_ = false;
};

}  // namespace caascan::engine
