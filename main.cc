// The composition root: which subcommand, signals, the exit status.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <string_view>

#include "ingest/domain_name.h"
#include "output/commands/audit_command.h"
#include "output/commands/check_command.h"
#include "output/commands/command_line.h"
#include "output/commands/ingest_command.h"
#include "output/commands/run_command.h"

namespace caascan {
namespace {

std::atomic<bool> stop_requested{false};

void on_signal(int) {
  stop_requested = true;
}

int run_main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_logger_st("caascan"));
  spdlog::set_pattern("caascan: %v");
  RawOptions raw;
  CLI::App app("Finds the issued names for which a CA's CAA lookup fails.", "caascan");
  app.set_version_flag("--version", fmt::format("caascan {}", CAASCAN_VERSION));
  app.require_subcommand(1);
  declare_commands(app, raw);

  const std::string_view first = argc > 1 ? argv[1] : "-";
  const auto commands = app.get_subcommands([](CLI::App*) { return true; });
  if (!first.starts_with('-') && std::ranges::none_of(commands, [&](CLI::App* command) {
        return command->get_name() == first;
      })) {
    return usage_error(
        fmt::format("unknown command '{}' (see caascan --help)", escape_for_print(first)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ExtrasError&) {
    for (CLI::App* command : app.get_subcommands()) {
      for (const std::string& extra : command->remaining()) {
        return usage_error(fmt::format("unknown option '{}' (see caascan {} --help)",
                                       escape_for_print(extra), command->get_name()));
      }
    }
    return usage_error(
        fmt::format("unknown command or option '{}' (see caascan --help)",
                    escape_for_print(app.remaining().empty() ? "" : app.remaining().front())));
  } catch (const CLI::ParseError& error) {
    return usage_error(fmt::format("{} (see caascan --help)", error.what()));
  }
  CLI::App& command = *app.get_subcommands().front();
  const std::string& name = command.get_name();
  if (!raw.config.empty()) {
    if (auto applied = apply_config(command, raw.config); !applied)
      return usage_error(applied.error());
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (name == "ingest") return ingest_command(raw);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (name == "run") return run_command(raw, stop_requested);
  if (name == "audit") return audit_command(raw, stop_requested);
  return check_command(raw, stop_requested);
}

}  // namespace
}  // namespace caascan

int main(int argc, char** argv) {
  return caascan::run_main(argc, argv);
}
