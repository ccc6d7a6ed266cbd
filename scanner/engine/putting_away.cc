// The part of IterativeResolver that forgets questions whose line is full, and what goes with them.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "scanner/engine/iterative_resolver.h"

namespace caascan::engine {

using wire::DnsName;

// Where the line of the server that is to be asked first is full, and all who wait for the answer
// can begin again, they are put away: the question is forgotten. What else depends on it, those at
// its gate, sees for itself.
bool IterativeResolver::put_away(std::uint32_t index, ServerId server, Instant now) {
  const std::array<LineId, 2>& lines = exchanges_.lines_of(server);
  const bool after_alias = job(index).aliases > 0;
  const std::vector<Waiter>& waiters = table_.waiters(index);
  if (exchanges_.lines().coming() > 0) {
    // Who was called for one of the zone's servers may find a shorter line at another.
    for (const Target& target : job(index).targets) {
      for (const Waiter& waiter : waiters) {
        if (!waiter.internal)
          sink_.on_line(waiter, exchanges_.lines_of(target.server), after_alias);
      }
    }
  }
  const auto full = std::ranges::find_if(lines, [&](LineId line) {
    return exchanges_.lines().is_full(line) && std::ranges::all_of(waiters, [&](Waiter waiter) {
             return !waiter.internal && sink_.may_be_put_away(waiter, line);
           });
  });
  if (full == lines.end()) return false;
  const std::string known = what_it_knows(index, now);
  Job& it = job(index);
  leave_zone(it);
  const bool held_gate = it.holds_gate;
  const DnsName gate = it.probe;
  it.clear();
  for (const Waiter& waiter : table_.withdraw(index))
    sink_.put_away(waiter, *full, after_alias, known);
  if (held_gate) let_in(gate, now);
  return true;
}

// The delegations at and below the registrable domain, of the name and of where its aliases have
// led: until it comes back the cache may have lost them, and a TLD is asked once for each domain.
std::string IterativeResolver::what_it_knows(std::uint32_t index, Instant now) {
  const Job& it = job(index);
  std::string known;
  const auto add = [&](const Delegation& delegation) {
    const std::size_t before = known.size();
    pack(delegation, known);
    if (known.size() > kPutAwayKnownMax) known.resize(before);
  };
  const auto add_those_of = [&](const DnsName& name) {
    const DnsName registrable = registrable_of(name);
    for (DnsName at = name; at.is_within(registrable) && at.label_count() > 1; at = at.parent()) {
      if (at == it.cut->zone) {
        add(*it.cut);
      } else if (const DelegationPtr found = delegations_.get(at, now)) {
        add(*found);
      }
    }
  };
  add_those_of(it.name);
  if (it.aliases > 0) add_those_of(question(index).name);
  return known;
}

void IterativeResolver::remember(std::string_view known, Instant now) {
  for (DelegationPtr& delegation : unpack(known)) {
    if (delegation->expires >= now && !delegations_.get(delegation->zone, now))
      delegations_.put(std::move(delegation));
  }
}

}  // namespace caascan::engine
