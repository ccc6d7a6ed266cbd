#include "scanner/oracle/climbs.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ingest/assert.h"
#include "scanner/wire/dns_name.h"

namespace caascan::oracle {

Climbs::Climbs(const Pace& pace, const engine::Exclusions& exclusions)
    : pace_(pace), exclusions_(exclusions), all_(pace.all_lookups_per_s) {
  CAASCAN_ASSERT(pace.group_lookups_per_s > 0 && pace.lookups_max > 0);
}

void Climbs::add(Question question) {
  CAASCAN_ASSERT(!question.name.empty());
  ++open_;
  climbs_.push_back({std::move(question)});
  const std::size_t index = climbs_.size() - 1;
  const auto name = wire::DnsName::from_text(climbs_[index].question.name.text());
  if (!name || exclusions_.holds_name(*name)) {
    end(index, {.outcome = Outcome::kExcluded});
    return;
  }
  go_on(index);
}

// Takes the climb over every label whose answer is known, to the next one that is not.
void Climbs::go_on(std::size_t index) {
  Climb& climb = climbs_[index];
  const std::string& name = climb.question.name.text();
  while (true) {
    const std::string text = name.substr(climb.label_offset);
    Label& label = labels_[text];
    if (!label.answer) {
      if (label.waiting.empty()) {
        auto& group = groups_[climb.question.group];
        if (!group) group = std::make_unique<Group>(pace_.group_lookups_per_s);
        group->labels.push_back(text);
        granted_ = engine::Instant{};  // look at the budgets again
      }
      label.waiting.push_back(index);
      return;
    }
    if (label.answer->outcome != Outcome::kEmpty) {
      end(index, {.outcome = label.answer->outcome,
                  .label = text,
                  .rcode = label.answer->rcode,
                  .why = label.answer->why});
      return;
    }
    const std::size_t dot = name.find('.', climb.label_offset);
    if (dot == std::string::npos) {
      end(index, {.outcome = Outcome::kEmpty});
      return;
    }
    climb.label_offset = dot + 1;
  }
}

void Climbs::end(std::size_t index, OracleVerdict verdict) {
  verdict.name = std::move(climbs_[index].question.name);
  verdicts_.push_back(std::move(verdict));
  --open_;
}

void Climbs::settle(const std::string& text, Answer answer) {
  Label& label = labels_.at(text);
  label.answer = std::move(answer);
  const std::vector<std::size_t> waiting = std::exchange(label.waiting, {});
  for (const std::size_t index : waiting) go_on(index);
}

void Climbs::give_up(engine::Instant now) {
  while (!waiting_.empty() && waiting_.front().at <= now) {
    const std::string label = std::move(waiting_.front().label);
    waiting_.pop_front();
    if (labels_.at(label).answer) continue;
    settle(label, {Outcome::kTimeout, 0, "no answer within 15 s"});
  }
}

std::vector<std::string> Climbs::start(engine::Instant now) {
  give_up(now);
  std::vector<std::string> started;
  granted_ = engine::kNever;
  // One label of each group in turn, so that no group with many holds up the others.
  for (bool any = true; any;) {
    any = false;
    auto at = groups_.upper_bound(last_group_);
    for (std::size_t turns = groups_.size(); turns > 0; --turns, ++at) {
      if (at == groups_.end()) at = groups_.begin();
      Group& group = *at->second;
      if (group.labels.empty()) continue;
      // A place comes free by an answer, which calls for another turn.
      if (under_way_ >= pace_.lookups_max) return started;
      const std::array<engine::Budget*, 2> budgets = {&group.budget, &all_};
      const engine::Instant granted = engine::take_all(budgets, now);
      if (granted > now) {
        granted_ = std::min(granted_, granted);
        continue;
      }
      started.push_back(std::move(group.labels.front()));
      group.labels.pop_front();
      waiting_.push_back({now + kAnswerWithin, started.back()});
      ++under_way_;
      last_group_ = at->first;
      any = true;
    }
  }
  return started;
}

engine::Instant Climbs::next_wake() const {
  return waiting_.empty() ? granted_ : std::min(granted_, waiting_.front().at);
}

void Climbs::on_answer(std::string_view text, Answer answer) {
  const std::string label(text);
  CAASCAN_ASSERT(under_way_ > 0 && labels_.contains(label));
  --under_way_;
  granted_ = engine::Instant{};
  if (!labels_.at(label).answer) settle(label, std::move(answer));
}

}  // namespace caascan::oracle
