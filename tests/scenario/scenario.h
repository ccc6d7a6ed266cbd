// A scenario file: a small Internet with scripted servers, names to judge, and what must come of
// it. The format is in README.md.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/engine/engine.h"
#include "tests/sim/sim_internet.h"

namespace caascan::sim {

// A reply that a line of the file gives, before the Internet is asked.
struct ScriptedReply {
  engine::IpAddress server;
  std::optional<wire::DnsName> name;     // any
  std::optional<wire::RecordType> type;  // any
  engine::Instant from{}, until = engine::kNever;
  std::optional<bool> tcp, edns;
  std::uint64_t times = ~std::uint64_t{0};
  bool silent = false;
  bool refuse_tcp = false;
  engine::Duration delay = std::chrono::milliseconds(20);
  std::uint8_t rcode = 0;
  bool aa = true, ra = false, tc = false;
  struct Record {
    wire::Section section = wire::Section::kAnswer;
    std::string owner;  // empty: the question's name
    wire::RecordType type = wire::RecordType::kA;
    std::vector<std::uint8_t> data;
  };
  std::vector<Record> records;
};

// The engine's run over it, as the checks see it.
struct ScenarioRun {
  const SimWorld& net;
  const engine::Engine& engine;
  const std::vector<engine::Verdict>& verdicts;
  const std::vector<DegradedZone>& degraded;
};
// Empty where the check holds, otherwise what is wrong.
using Check = std::function<std::string(const ScenarioRun&)>;

struct Scenario {
  SimInternet internet;
  std::vector<ScriptedReply> replies;  // the first that fits is given
  engine::EngineOptions options;
  Faults faults;
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;  // runs, each of the next seed; the checks must hold in all
  std::vector<std::string> names;
  struct Line {
    int number = 0;
    Check check;
  };
  std::vector<Line> checks;
};

// Reads a scenario; the error names the line ("7: …").
[[nodiscard]] std::expected<Scenario, std::string> parse_scenario(std::string_view text);
// Runs it and returns what does not hold, each with its line; of several seeds, in the first that
// fails.
[[nodiscard]] std::vector<std::string> run_scenario(const Scenario& scenario);

}  // namespace caascan::sim
