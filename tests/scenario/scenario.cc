#include "tests/scenario/scenario.h"

#include <fmt/format.h>

#include <algorithm>

namespace caascan::sim {
namespace {

std::vector<Reply> give(const ScriptedReply& scripted, const SeenQuery& query) {
  if (scripted.silent) return {};
  std::vector<std::uint8_t> bytes;
  if (!scripted.refuse_tcp) {
    bytes = make_reply(query, static_cast<wire::Rcode>(scripted.rcode), scripted.tc);
    set_flags(bytes, scripted.aa, scripted.ra);
    for (const ScriptedReply::Record& record : scripted.records)
      add_record(bytes, record.section, record.owner, record.type, record.data);
  }
  return {{scripted.delay, query.to, query.tcp, std::move(bytes)}};
}

std::vector<std::string> run_once(const Scenario& scenario, std::uint64_t seed) {
  std::vector<ScriptedReply> scripted = scenario.replies;
  const auto respond = [&](const SeenQuery& query) {
    for (ScriptedReply& reply : scripted) {
      const bool fits = reply.server == query.to.address &&
                        (!reply.name || reply.name->text() == query.name) &&
                        (!reply.type || *reply.type == query.type) && reply.from <= query.at &&
                        query.at < reply.until && (!reply.tcp || *reply.tcp == query.tcp) &&
                        (!reply.edns || *reply.edns == has_edns(query)) && reply.times > 0;
      if (!fits) continue;
      --reply.times;
      return give(reply, query);
    }
    return scenario.internet.answer(query);
  };
  SimWorld net(seed, respond, scenario.faults);
  engine::Engine engine(scenario.options, net.entropy());
  std::vector<DomainName> names;
  for (const std::string& name : scenario.names) names.push_back(DomainName::from_canonical(name));
  std::vector<std::string> wrong;
  if (!net.run(engine, std::move(names))) wrong.emplace_back("the run did not end");
  if (!net.settle(engine)) wrong.emplace_back("something went on for ever");
  if (engine.attempts_live() != 0 || engine.resolutions_under_way() != 0)
    wrong.emplace_back("something is left under way");
  if (net.verdicts().size() != scenario.names.size())
    wrong.push_back(
        fmt::format("{} names were judged {} times", scenario.names.size(), net.verdicts().size()));
  for (const SeenQuery& query : net.seen()) {
    const engine::ServerDirectoryOptions& servers = scenario.options.servers;
    const auto holds = [&](const engine::AddressRange& range) {
      return range.contains(query.to.address);
    };
    if (std::ranges::any_of(servers.forbidden, holds) &&
        std::ranges::none_of(servers.allowed, holds))
      wrong.push_back("a packet to " + query.to.address.text());
  }
  const std::vector<DegradedZone> degraded = engine.take_degraded();
  const ScenarioRun run{net, engine, net.verdicts(), degraded};
  for (const Scenario::Line& line : scenario.checks) {
    if (const std::string what = line.check(run); !what.empty())
      wrong.push_back(fmt::format("{}: {}", line.number, what));
  }
  return wrong;
}

}  // namespace

std::vector<std::string> run_scenario(const Scenario& scenario) {
  for (std::uint64_t seed = scenario.seed; seed < scenario.seed + scenario.seeds; ++seed) {
    std::vector<std::string> wrong = run_once(scenario, seed);
    if (wrong.empty()) continue;
    if (scenario.seeds > 1) wrong.push_back(fmt::format("seed {}", seed));
    return wrong;
  }
  return {};
}

}  // namespace caascan::sim
