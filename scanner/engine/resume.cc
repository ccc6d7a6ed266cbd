// The part of Engine that hands out what a later start of the run must know, and takes it back.
#include <algorithm>
#include <optional>
#include <utility>

#include "scanner/engine/engine.h"

namespace caascan::engine {
namespace {

std::optional<wire::DnsName> from_wire(const std::string& octets) {
  wire::Cursor cursor({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
  wire::DnsName name = wire::DnsName::read(cursor);
  if (!cursor.ok() || cursor.remaining() > 0) return std::nullopt;
  return name;
}

}  // namespace

FailedName Engine::failed_name(const Task& task, Instant due) const {
  const Failure& failure = *task.failure;
  FailedName out;
  out.number = task.number;
  out.name = task.name;
  out.round = task.round;
  out.round_void = task.round_void;
  out.rounds_void = failure.rounds_void;
  out.due_unix_ms = unix_ms(due);
  out.cause = failure.cause;
  out.label = failure.label.wire();
  out.zone = failure.zone.wire();
  out.alias_target = failure.alias_target.wire();
  out.insecure_at = failure.insecure_at.wire();
  out.inferred_from = failure.inferred_from.wire();
  out.first_nameserver = failure.first_nameserver.wire();
  out.nameservers = failure.nameservers;
  out.security = failure.security;
  out.bogus = failure.bogus;
  out.nsec = failure.nsec;
  out.version_dependent = failure.version_dependent;
  out.observed_unix_ms = failure.observed_unix_ms;
  out.attempts = failure.attempts;
  return out;
}

void Engine::resume_name(FailedName&& failed, Instant now) {
  auto label = from_wire(failed.label);
  auto zone = from_wire(failed.zone);
  auto alias_target = from_wire(failed.alias_target);
  auto insecure_at = from_wire(failed.insecure_at);
  auto first_nameserver = from_wire(failed.first_nameserver);
  auto inferred_from = from_wire(failed.inferred_from);
  if (!label || !zone || !alias_target || !insecure_at || !first_nameserver || !inferred_from) {
    start(std::move(failed.name), failed.number, now);
    return;
  }
  const std::uint32_t index = free_task();
  Task& task = tasks_[index];
  task.state = State::kParked;
  task.number = failed.number;
  task.round = failed.round;
  task.round_void = failed.round_void;
  task.name = std::move(failed.name);
  task.failure = std::make_unique<Failure>();
  Failure& failure = *task.failure;
  failure.rounds_void = failed.rounds_void;
  failure.cause = failed.cause;
  failure.label = std::move(*label);
  failure.zone = std::move(*zone);
  failure.alias_target = std::move(*alias_target);
  failure.insecure_at = std::move(*insecure_at);
  failure.inferred_from = std::move(*inferred_from);
  failure.first_nameserver = std::move(*first_nameserver);
  failure.nameservers = std::move(failed.nameservers);
  failure.security = failed.security;
  failure.bogus = failed.bogus;
  failure.nsec = failed.nsec;
  failure.version_dependent = failed.version_dependent;
  failure.observed_unix_ms = std::move(failed.observed_unix_ms);
  failure.attempts = std::move(failed.attempts);
  ++counts_.names_total;
  const std::int64_t wait_ms =
      std::max<std::int64_t>(failed.due_unix_ms - options_.epoch_unix_ms, 0);
  parked_.push({std::max(now, Instant(std::chrono::milliseconds(wait_ms))), index});
}

void Engine::resume_alive(const AliveName& alive) {
  const auto nameserver = from_wire(alive.nameserver);
  const auto name = from_wire(alive.name);
  if (nameserver && name) remember_alive(*nameserver, *name);
}

}  // namespace caascan::engine
