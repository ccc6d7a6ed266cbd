#include "tests/sim/run_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "scanner/builtin_data.h"

namespace caascan::sim {

using engine::Duration;
using engine::Instant;
using engine::IpAddress;
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::DnsName;
using wire::RecordType;

const std::vector<engine::AddressRange>& special_use() {
  static const std::vector<engine::AddressRange> ranges =
      parse_ranges(builtin_special_use(), "special-use").value();
  return ranges;
}

namespace {

// The servers of a zone, for the line of a difference.
std::string describe_zone(const SimInternet& internet, const DnsName& apex) {
  const SimZone* zone = internet.find_zone(apex);
  std::string text;
  if (zone == nullptr) return text;
  for (const SimNameserver& nameserver : zone->nameservers) {
    text += " " + nameserver.name.text();
    for (const IpAddress& address : nameserver.glue) {
      const Served* how = internet.served(address, apex, Instant{});
      if (how == nullptr) continue;
      text += fmt::format("={}{}/{}ms", word(how->behaviour), how->caa_only ? "(caa)" : "",
                          how->delay.count() / 1000000);
    }
  }
  return text;
}

}  // namespace

// What DNSSEC says of the answer that ended a climb.
void RunChecker::check_security(const engine::Verdict& verdict, const Expected& expected) {
  const std::string& name = verdict.name.text();
  if (verdict.finding != nullptr) {
    const Finding& finding = *verdict.finding;
    const bool bogus = finding.cause == Cause::kBogus;
    if (expected.bogus != bogus && (expected.bogus || options_.trust_anchors.empty()))
      differ(fmt::format("{}: cause {} in place of bogus", name, word(finding.cause)));
    if (bogus != (finding.security == Security::kBogus) ||
        bogus != (finding.bogus != BogusKind::kNone)) {
      differ(fmt::format("{}: cause {}, security {}, {}", name, word(finding.cause),
                         word(finding.security), word(finding.bogus)));
    }
    return;
  }
  // Of several rounds the last one counts.
  const auto step = std::find_if(verdict.trace.rbegin(), verdict.trace.rend(), [&](const auto& s) {
    return s.type == RecordType::kCaa && s.name.text() == verdict.ended_at;
  });
  if (step == verdict.trace.rend()) {
    differ(fmt::format("{}: no answer at {}", name, verdict.ended_at));
  } else if (step->resolution.security != expected.security) {
    differ(fmt::format("{}: {} is {}, not {}", name, step->name.text(),
                       word(step->resolution.security), word(*expected.security)));
  }
}

void RunChecker::check_verdicts(SimWorld& net, const engine::Engine& engine) {
  Oracle& oracle = oracle_;
  std::map<std::string, int> ends;
  for (const engine::Verdict& verdict : net.verdicts()) {
    const std::string& name = verdict.name.text();
    ++ends[name];
    const Expected expected = oracle.judge(name);
    if (is_affected(expected.outcome) || expected.perhaps_bogus) ++affected_;
    const bool well = !is_affected(expected.outcome);
    const bool by_chance_bogus = expected.perhaps_bogus && verdict.outcome == Outcome::kServfail;
    bool right = verdict.outcome == expected.outcome || by_chance_bogus;
    if (right && weather_.loss == 0 && !expected.perhaps_bogus) check_security(verdict, expected);
    if (weather_.loss > 0) {
      // Loss may make any failure a silence; it never makes an error of what answers well, nor an
      // answer of a fault.
      const bool accused = verdict.outcome == Outcome::kServfail;
      right = right || !well || !accused;
      if (well && accused && expected.near_error && weather_.loss > 0.1) right = true;  // by chance
      const bool by_chance = expected.near_error && weather_.loss > 0.1;
      if (expected.outcome == Outcome::kTimeout && accused && !by_chance) right = false;
      if (!well && !is_affected(verdict.outcome) && verdict.outcome != Outcome::kNotReached)
        right = expected.by_case;
    }
    if (!right) {
      const std::string why =
          verdict.finding == nullptr
              ? ""
              : fmt::format(", {} at {} of zone {}:{}", word(verdict.finding->cause),
                            verdict.finding->failing_label, verdict.finding->zone,
                            describe_zone(built_.internet, name_of(verdict.finding->zone)));
      differ(fmt::format("{}: expected {}, was {}{}", name, word(expected.outcome),
                         word(verdict.outcome), why));
    }
    const bool judged_affected = is_affected(verdict.outcome);
    if ((verdict.finding != nullptr) != judged_affected)
      differ(fmt::format("{}: {} finding", name, judged_affected ? "no" : "a needless"));
    for (const engine::TraceStep& step : verdict.trace) {
      // UDP sends of one lookup; TCP adds at most one for each.
      if (step.resolution.attempts.size() > 200)
        differ(fmt::format("{}: {} attempts in a lookup", name, step.resolution.attempts.size()));
    }
  }
  for (const std::string& name : built_.names) {
    if (ends[name] != 1) differ(fmt::format("{} ended {} times", name, ends[name]));
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : engine.counts().names_by_outcome) sum += part;
  if (sum != built_.names.size() || engine.counts().names_total != sum)
    differ(fmt::format("{} names in, {} counted", built_.names.size(), sum));
  const std::uint64_t sent = engine.counts().queries_udp + engine.counts().queries_tcp;
  if (sent != net.seen().size())
    differ(fmt::format("{} sends counted, {} seen", sent, net.seen().size()));
  if (engine.attempts_live() != 0) differ(fmt::format("{} attempts left", engine.attempts_live()));
  if (engine.resolutions_under_way() != 0)
    differ(fmt::format("{} resolutions left", engine.resolutions_under_way()));
  // Whose delegations may have been fetched again.
  for (const std::string& name : built_.names) {
    const Expected expected = oracle.judge(name);
    if (is_affected(expected.outcome) || expected.perhaps_bogus)
      troubled_.insert(std::string(registrable_domain(name)));
  }
  for (const auto& [apex, zone] : built_.internet.zones()) {
    const bool fails = !apex.is_root() && (oracle.fate(zone, RecordType::kCaa) != Fate::kAnswered ||
                                           oracle.fate(zone, RecordType::kA) != Fate::kAnswered);
    if (fails) troubled_.insert(std::string(registrable_domain(apex.text())));
    for (const SimNameserver& nameserver : zone.nameservers) {
      if (nameserver.glue.empty())
        troubled_.insert(std::string(registrable_domain(nameserver.name.text())));
    }
    for (const auto& [owner, node] : zone.nodes) {
      if (node.alias) troubled_.insert(std::string(registrable_domain(node.alias->text())));
    }
  }
}

void RunChecker::check_limits(const SimWorld& net) {
  struct Window {
    double limit = 0;
    std::deque<Instant> sends;
    bool told = false;
  };
  std::map<std::string, Window> windows;
  const auto count = [&](const std::string& key, double limit, Instant at) {
    Window& window = windows[key];
    window.limit = limit;
    while (!window.sends.empty() && at - window.sends.front() >= seconds(1))
      window.sends.pop_front();
    window.sends.push_back(at);
    if (static_cast<double>(window.sends.size()) <= limit || window.told) return;
    window.told = true;
    differ(fmt::format("{}: {} sends in a second, limit {}", key, window.sends.size(), limit));
  };
  const engine::ServerDirectoryOptions& limits = options_.servers;
  std::map<IpAddress, std::vector<DnsName>> names;
  for (const auto& [apex, zone] : built_.internet.zones()) {
    for (const SimNameserver& nameserver : zone.nameservers) {
      for (const IpAddress& address : nameserver.glue) names[address].push_back(nameserver.name);
    }
    for (const auto& [owner, node] : zone.nodes) {
      for (const IpAddress& address : node.addresses) names[address].push_back(owner);
    }
  }
  for (const SeenQuery& query : net.seen()) {
    const IpAddress& to = query.to.address;
    const bool forbidden = std::ranges::any_of(
        special_use(), [&](const engine::AddressRange& range) { return range.contains(to); });
    if (forbidden) differ(fmt::format("a packet to {}", to.text()));
    const double own =
        built_.infrastructure.contains(to) ? limits.infrastructure_qps : limits.server_qps;
    count(to.text(), own, query.at);
    if (limits.global_qps > 0) count("everything", limits.global_qps, query.at);
    bool in_range = false;
    for (const engine::RangeLimit& limit : limits.range_limits) {
      if (!limit.range.contains(to)) continue;
      in_range = true;
      count("the range of " + limit.range.base.text(), limit.qps, query.at);
    }
    for (const engine::SuffixLimit& limit : limits.suffix_limits) {
      const bool member = std::ranges::any_of(
          names[to], [&](const DnsName& name) { return name.is_within(limit.suffix); });
      if (member && !in_range) count("the suffix " + limit.suffix.text(), limit.qps, query.at);
    }
  }
}

// Each question that a parent of registrable domains has seen.
void RunChecker::check_parents(const SimWorld& net, std::uint64_t cleared) {
  std::map<IpAddress, std::string> parent_of;
  for (const auto& [apex, zone] : built_.internet.zones()) {
    if (apex.label_count() > 1 && apex.text() != "co.uk") continue;
    for (const SimNameserver& nameserver : zone.nameservers) {
      for (const IpAddress& address : nameserver.glue) parent_of[address] = apex.text();
    }
  }
  std::map<std::pair<std::string, std::string>, std::size_t> asked;
  std::map<IpAddress, std::size_t> versions;  // of the software, once for each address and run
  for (const SeenQuery& query : net.seen()) {
    if (query.name == "version.bind") {
      if (++versions[query.to.address] > 1)
        differ("more than once asked for its version: " + query.to.text());
      continue;
    }
    const auto parent = parent_of.find(query.to.address);
    if (parent == parent_of.end() || query.name == parent->second) continue;
    if (parent->second == "sick" || parent->second == "dead") continue;
    const std::string child = parent->second == "." ? query.name.substr(query.name.rfind('.') + 1)
                                                    : std::string(registrable_domain(query.name));
    if (child != parent->second && !parent->second.ends_with(child))
      ++asked[{parent->second, child}];
  }
  for (const auto& [key, times] : asked) {
    const auto& [parent, child] = key;
    // A confirmation round fetches the delegation again, for those whom it clears too.
    const bool again = parent != "." && (troubled_.contains(child) || cleared > 0);
    const std::size_t most = again ? 1 + options_.confirm_rounds * (affected_ + cleared) : 1;
    if (times > most)
      differ(fmt::format("{} was asked {} times for {}, at most {}", parent, times, child, most));
  }
}

}  // namespace caascan::sim
