#include "scanner/engine/version_probe.h"

#include <algorithm>

namespace caascan::engine {
namespace {

constexpr Duration kWait = std::chrono::seconds(2);
constexpr std::size_t kTextOctetsMax = 255;

const wire::DnsName& version_bind() {
  static const wire::DnsName name = *wire::DnsName::from_text("version.bind");
  return name;
}

}  // namespace

std::string version_text(const wire::MessageView& view) {
  std::string text;
  if (view.header().rcode != 0) return text;
  for (const wire::RecordView& record : view.records()) {
    if (record.section != wire::Section::kAnswer ||
        record.type != static_cast<std::uint16_t>(wire::RecordType::kTxt) ||
        record.klass != wire::kClassChaos) {
      continue;
    }
    wire::Cursor cursor(view.message().subspan(record.rdata_offset, record.rdata_octets));
    while (cursor.remaining() > 0) {
      const wire::Bytes part = cursor.bytes(cursor.u8());
      for (const std::uint8_t octet : part)
        text.push_back(octet >= 0x20 && octet < 0x7F ? static_cast<char>(octet) : '?');
    }
    break;
  }
  text.resize(std::min(text.size(), kTextOctetsMax));
  return text;
}

const std::string* VersionProbe::ask(ServerId server, Waiter waiter) {
  const auto [at, added] = servers_.try_emplace(server);
  Server& it = at->second;
  if (it.known) return &it.text;
  it.waiters.push_back(waiter);
  if (added) {
    wire::Query query;
    query.name = version_bind();
    query.type = wire::RecordType::kTxt;
    query.chaos = true;
    query.case_seed = random_.u64() | 1;
    query.edns_size = 0;
    exchanges_.start(server, query, kWait, /*tcp=*/false, server);
  }
  return nullptr;
}

void VersionProbe::settle(ServerId server, std::string text) {
  const auto at = servers_.find(server);
  if (at == servers_.end() || at->second.known) return;
  at->second.known = true;
  at->second.text = std::move(text);
  told_.insert(told_.end(), at->second.waiters.begin(), at->second.waiters.end());
  at->second.waiters = {};
}

void VersionProbe::on_reply(std::uint32_t owner, const AttemptInfo& /*info*/, wire::Bytes message,
                            Instant /*now*/) {
  const auto view = wire::MessageView::parse(message);
  settle(owner, view ? version_text(*view) : std::string());
}

// Once, and not again: it is only to be told beside a verdict.
void VersionProbe::on_wait_over(std::uint32_t owner, AttemptId attempt, const AttemptInfo& /*info*/,
                                Instant /*now*/) {
  exchanges_.abandon(attempt);
  settle(owner, {});
}

void VersionProbe::on_failed(std::uint32_t owner, const AttemptInfo& /*info*/, Instant /*now*/) {
  settle(owner, {});
}

}  // namespace caascan::engine
