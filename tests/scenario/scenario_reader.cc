#include "tests/scenario/scenario_reader.h"

#include <algorithm>

#include "ingest/assert.h"
#include "scanner/builtin_data.h"

namespace caascan::sim {

using engine::Duration;
using engine::Instant;
using engine::IpAddress;
using wire::DnsName;
using wire::RecordType;

std::expected<Scenario, std::string> ScenarioReader::read(std::string_view text) {
  scenario_.options.servers.forbidden =
      parse_ranges(builtin_special_use(), "special-use.txt").value();
  scenario_.options.trace = true;
  scenario_.internet.zone(".");
  std::istringstream in{std::string(text)};
  for (std::string raw; std::getline(in, raw);) {
    ++number_;
    if (const std::size_t comment = raw.find('#'); comment != std::string::npos)
      raw.resize(comment);
    std::istringstream parts(raw);
    Words words;
    for (std::string word; parts >> word;) words.push_back(word);
    if (words.empty()) continue;
    line(words);
    if (!fault_.empty()) return std::unexpected(fmt::format("{}: {}", number_, fault_));
  }
  if (scenario_.names.empty()) return std::unexpected("0: no name is judged");
  if (scenario_.checks.empty()) return std::unexpected("0: nothing is expected");
  scenario_.options.root = scenario_.internet.root();
  scenario_.options.trust_anchors = scenario_.internet.trust_anchors();
  if (!scenario_.options.trust_anchors.empty())
    scenario_.options.epoch_unix_ms = SimInternet::kEpoch_unix_s * 1000;
  return std::move(scenario_);
}

void ScenarioReader::line(const Words& words) {
  const std::string& verb = words[0];
  const bool one = words.size() >= 2;
  if (verb == "option" && one) {
    option(words);
  } else if (verb == "internet" && one) {
    internet(words);
  } else if (verb == "zone" && one) {
    zone(words);
  } else if (verb == "signed" && one) {
    sign(words);
  } else if (verb == "caa" && one) {
    scenario_.internet.node(words[1]).caa = true;
  } else if (verb == "host" && one) {
    SimNode& node = scenario_.internet.node(words[1]);
    for (std::size_t i = 2; i < words.size(); ++i) node.addresses.push_back(address(words[i]));
  } else if (verb == "alias" && words.size() == 3) {
    scenario_.internet.node(words[1]).alias = name(words[2]);
  } else if (verb == "subtree-alias" && words.size() == 3) {
    scenario_.internet.node(words[1]).subtree_alias = name(words[2]);
  } else if (verb == "serve" && words.size() >= 3) {
    behave(words);
  } else if (verb == "reply" && words.size() >= 5) {
    reply(words);
  } else if (verb == "judge" && one) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      // "h{1-200}.example.com" is two hundred names.
      const std::size_t open = words[i].find('{');
      const std::size_t dash = words[i].find('-', open == std::string::npos ? 0 : open);
      const std::size_t close = words[i].find('}');
      if (open == std::string::npos) {
        scenario_.names.push_back(words[i]);
        continue;
      }
      if (dash == std::string::npos || close == std::string::npos || dash > close) {
        fail("not a range of names: " + words[i]);
        return;
      }
      const int last = static_cast<int>(number(words[i].substr(dash + 1, close - dash - 1)));
      for (int n = static_cast<int>(number(words[i].substr(open + 1, dash - open - 1))); n <= last;
           ++n) {
        scenario_.names.push_back(words[i].substr(0, open) + std::to_string(n) +
                                  words[i].substr(close + 1));
      }
    }
  } else if (verb == "expect" && words.size() >= 3) {
    expect(words);
  } else if (verb == "seen" && words.size() >= 4) {
    seen(words);
  } else if (verb == "busiest" && words.size() == 4) {
    const IpAddress to = address(words[1]);
    check([to, holds = comparison(words, 2, "the busiest second of " + words[1])](
              const ScenarioRun& run) {
      return holds(static_cast<double>(run.net.busiest_second({to, 53})));
    });
  } else if (verb == "degraded" && words.size() == 2) {
    check([zone = words[1]](const ScenarioRun& run) -> std::string {
      const bool listed =
          std::ranges::find(run.degraded, zone, &DegradedZone::zone) != run.degraded.end();
      return listed ? "" : zone + " is not on record as degraded";
    });
  } else if (verb == "none" && words.size() == 2 && words[1] == "degraded") {
    check([](const ScenarioRun& run) -> std::string {
      return run.degraded.empty() ? "" : run.degraded[0].zone + " is on record as degraded";
    });
  } else if (verb == "cleared" && words.size() == 3) {
    check([holds = comparison(words, 1, "the number of cleared names")](const ScenarioRun& run) {
      return holds(static_cast<double>(run.engine.counts().names_cleared));
    });
  } else if (verb == "inferred" && words.size() == 3) {
    check([holds = comparison(words, 1, "the number of inferred names")](const ScenarioRun& run) {
      return holds(static_cast<double>(run.engine.counts().names_inferred));
    });
  } else if (verb == "checked" && words.size() == 3) {
    check([holds = comparison(words, 1, "the number of signatures")](const ScenarioRun& run) {
      return holds(static_cast<double>(run.engine.counts().signatures_checked));
    });
  } else if (verb == "took" && words.size() == 3) {
    Words plain = words;
    plain[2] = fmt::format("{}", static_cast<double>(duration(words[2]).count()) / 1e9);
    check([holds = comparison(plain, 1, "the time in seconds")](const ScenarioRun& run) {
      Instant last{};
      for (const engine::Verdict& verdict : run.verdicts) {
        for (const engine::TraceStep& step : verdict.trace)
          last = std::max(last, step.resolution.finished);
      }
      return holds(static_cast<double>(last.time_since_epoch().count()) / 1e9);
    });
  } else {
    fail("not a line of a scenario: " + verb);
  }
}

// internet TLD …: a root at 198.41.0.4, and the TLDs at 192.5.6.30, .31, … in this order.
void ScenarioReader::internet(const Words& words) {
  zone({"zone", ".", "a.root-servers.net=198.41.0.4"});
  for (std::size_t i = 1; i < words.size(); ++i)
    zone({"zone", words[i], fmt::format("a.nic.{}=192.5.6.{}", words[i], 29 + i)});
}

// zone APEX NAME[=ADDRESS[,ADDRESS]…] …
void ScenarioReader::zone(const Words& words) {
  const DnsName apex = name(words[1]);
  scenario_.internet.zone(apex);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto [nameserver, list] = pair(words[i]);
    if (nameserver == "ttl") {
      scenario_.internet.zone(apex).ttl_s =
          static_cast<std::uint32_t>(duration(list).count() / 1000000000);
      continue;
    }
    SimNameserver made{name(nameserver), {}};
    for (const std::string& text : split(list, ',')) {
      const IpAddress at = address(text);
      made.glue.push_back(at);
      scenario_.internet.serve(at, apex);
      if (!apex.is_root()) {
        std::vector<IpAddress>& known = scenario_.internet.node(nameserver).addresses;
        if (std::ranges::find(known, at) == known.end()) known.push_back(at);
      }
    }
    scenario_.internet.zone(apex).nameservers.push_back(std::move(made));
  }
}

// signed APEX [nsec3] [opt-out] [iterations=N] [no-ds] [ds-mismatch]
void ScenarioReader::sign(const Words& words) {
  const DnsName apex = name(words[1]);
  if (scenario_.internet.find_zone(apex) == nullptr) {
    fail("no zone " + words[1]);
    return;
  }
  SimSigning how;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto [key, value] = pair(words[i]);
    if (key == "nsec3")
      how.nsec3 = true;
    else if (key == "opt-out")
      how.nsec3 = how.opt_out = true;
    else if (key == "iterations")
      how.iterations = static_cast<std::uint16_t>(number(value));
    else if (key == "no-ds")
      how.ds = false;
    else if (key == "ds-mismatch")
      how.ds_right = false;
    else
      fail("not a way to sign: " + words[i]);
  }
  scenario_.internet.zone(apex).signing = how;
}

// serve ADDRESS APEX [BEHAVIOUR] [caa-only] [delay=TIME] [from=TIME] [until=TIME]
void ScenarioReader::behave(const Words& words) {
  Served how;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto [key, value] = pair(words[i]);
    if (key == "caa-only") {
      how.caa_only = true;
    } else if (key == "delay") {
      how.delay = duration(value);
    } else if (key == "from") {
      how.from = Instant(duration(value));
    } else if (key == "until") {
      how.until = Instant(duration(value));
    } else if (const auto behaviour = behaviour_from_word(key)) {
      how.behaviour = *behaviour;
    } else {
      fail("not a behaviour: " + words[i]);
    }
  }
  const DnsName apex = name(words[2]);
  if (scenario_.internet.find_zone(apex) == nullptr) fail("no zone " + words[2]);
  scenario_.internet.serve(address(words[1]), apex, how);
}

// reply ADDRESS NAME TYPE [conditions] : silent | tcp-refused | RCODE [flags] [| RECORD]…
void ScenarioReader::reply(const Words& words) {
  ScriptedReply made;
  made.server = address(words[1]);
  if (words[2] != "*") made.name = name(words[2]);
  if (words[3] != "*") made.type = type(words[3]);
  std::size_t i = 4;
  for (; i < words.size() && words[i] != ":"; ++i) {
    const auto [key, value] = pair(words[i]);
    if (key == "udp" || key == "tcp") {
      made.tcp = key == "tcp";
    } else if (key == "edns" || key == "plain") {
      made.edns = key == "edns";
    } else if (key == "from") {
      made.from = Instant(duration(value));
    } else if (key == "until") {
      made.until = Instant(duration(value));
    } else if (key == "delay") {
      made.delay = duration(value);
    } else if (key == "times") {
      made.times = static_cast<std::uint64_t>(number(value));
    } else {
      fail("not a condition: " + words[i]);
    }
  }
  if (i == words.size()) {
    fail("a reply has a colon before what is replied");
    return;
  }
  for (++i; i < words.size() && words[i] != "|"; ++i) {
    constexpr std::array<std::string_view, 6> kRcodes = {"noerror",  "formerr", "servfail",
                                                         "nxdomain", "notimp",  "refused"};
    const auto rcode = std::ranges::find(kRcodes, words[i]);
    if (rcode != kRcodes.end()) {
      made.rcode = static_cast<std::uint8_t>(rcode - kRcodes.begin());
    } else if (words[i].starts_with("rcode=")) {
      made.rcode = static_cast<std::uint8_t>(number(words[i].substr(6)));
    } else if (words[i] == "silent") {
      made.silent = true;
    } else if (words[i] == "tcp-refused") {
      made.refuse_tcp = true;
    } else if (words[i] == "not-aa") {
      made.aa = false;
    } else if (words[i] == "ra") {
      made.ra = true;
    } else if (words[i] == "tc") {
      made.tc = true;
    } else {
      fail("not an rcode or flag: " + words[i]);
    }
  }
  while (i < words.size()) {
    if (i + 4 >= words.size()) {
      fail("a record is: | SECTION OWNER TYPE DATA");
      return;
    }
    ScriptedReply::Record record;
    const std::string& section = words[i + 1];
    if (section == "authority")
      record.section = wire::Section::kAuthority;
    else if (section == "additional")
      record.section = wire::Section::kAdditional;
    else if (section != "answer")
      fail("not a section: " + section);
    record.owner = words[i + 2];
    record.type = type(words[i + 3]);
    const std::string& data = words[i + 4];
    if (record.type == RecordType::kA || record.type == RecordType::kAaaa) {
      record.data = address_data(address(data));
    } else if (record.type == RecordType::kCaa) {
      record.data = caa_data(data);
    } else if (record.type == RecordType::kSoa) {
      record.data = soa_data(data);
    } else {
      record.data = name_data(data);
    }
    made.records.push_back(std::move(record));
    i += 5;
    if (i < words.size() && words[i] != "|") {
      fail("records are set apart by |");
      return;
    }
  }
  scenario_.replies.push_back(std::move(made));
}

void ScenarioReader::option(const Words& words) {
  engine::EngineOptions& options = scenario_.options;
  engine::ServerDirectoryOptions& servers = options.servers;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto [key, value] = pair(words[i]);
    if (key == "confirm-rounds")
      options.confirm_rounds = static_cast<std::uint32_t>(number(value));
    else if (key == "confirm-after")
      options.confirm_after = duration(value);
    else if (key == "deadline")
      options.deadline = engine::Instant(duration(value));
    else if (key == "server-qps")
      servers.server_qps = number(value);
    else if (key == "infrastructure-qps")
      servers.infrastructure_qps = number(value);
    else if (key == "qps")
      servers.global_qps = number(value);
    else if (key == "cache-bytes")
      options.cache_bytes_max = static_cast<std::size_t>(number(value));
    else if (key == "window")
      options.window_max = static_cast<std::size_t>(number(value));
    else if (key == "profile") {
      const auto profile = engine::profile_from_word(value);
      if (profile)
        options.profile = *profile;
      else
        fail("not a profile: " + value);
    } else if (key == "no-v6")
      options.use_v6 = false;
    else if (key == "no-inference")
      options.infer = false;
    else if (key == "no-v4")
      options.use_v4 = false;
    else if (key == "seed")
      scenario_.seed = static_cast<std::uint64_t>(number(value));
    else if (key == "seeds")
      scenario_.seeds = static_cast<std::uint64_t>(number(value));
    else if (key == "loss")
      scenario_.faults.loss = number(value);
    else if (key == "jitter")
      scenario_.faults.jitter_max = duration(value);
    else if (key == "exclude") {
      if (const auto range = engine::AddressRange::parse(value))
        servers.exclusions.ranges.push_back(*range);
      else
        servers.exclusions.nameservers.insert(name(value));
    } else if (key == "limit" || key == "allow-address") {
      // limit=RANGE@QPS or limit=SUFFIX@QPS
      const std::size_t at = value.find('@');
      const auto range = engine::AddressRange::parse(value.substr(0, at));
      if (key == "allow-address") {
        if (range)
          servers.allowed.push_back(*range);
        else
          fail("not a range: " + value);
      } else if (at == std::string::npos) {
        fail("a limit is KEY@QPS");
      } else if (range) {
        servers.range_limits.push_back({*range, number(value.substr(at + 1))});
      } else {
        servers.suffix_limits.push_back({name(value.substr(0, at)), number(value.substr(at + 1))});
      }
    } else {
      fail("not an option: " + words[i]);
    }
  }
}

std::expected<Scenario, std::string> parse_scenario(std::string_view text) {
  return ScenarioReader().read(text);
}

}  // namespace caascan::sim
