#include "scanner/wire/hints.h"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace caascan::wire {
namespace {

DnsName name_of(const ldns_rdf* rdf) {
  Cursor cursor(Bytes(ldns_rdf_data(rdf), ldns_rdf_size(rdf)));
  return DnsName::read(cursor);
}

}  // namespace

std::expected<std::vector<Hint>, std::string> parse_root_hints(std::string_view text,
                                                               std::string_view origin) {
  std::vector<Hint> hints;
  std::vector<std::pair<DnsName, HintAddress>> addresses;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (const std::size_t comment = line.find(';'); comment != std::string::npos)
      line.resize(comment);
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    ldns_rr* raw = nullptr;
    const ldns_status status = ldns_rr_new_frm_str(&raw, line.c_str(), 3600, nullptr, nullptr);
    const std::unique_ptr<ldns_rr, decltype(&ldns_rr_free)> rr(raw, &ldns_rr_free);
    if (status != LDNS_STATUS_OK) {
      return std::unexpected(
          fmt::format("{}:{}: not a record: {}", origin, number, ldns_get_errorstr_by_id(status)));
    }
    const DnsName owner = name_of(ldns_rr_owner(rr.get()));
    const ldns_rdf* data = ldns_rr_rd_count(rr.get()) > 0 ? ldns_rr_rdf(rr.get(), 0) : nullptr;
    const ldns_rr_type type = ldns_rr_get_type(rr.get());
    if (data == nullptr) continue;
    if (type == LDNS_RR_TYPE_NS && owner.is_root()) {
      hints.push_back({name_of(data), {}});
    } else if (type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA) {
      HintAddress address;
      address.v6 = type == LDNS_RR_TYPE_AAAA;
      std::memcpy(address.octets.data(), ldns_rdf_data(data),
                  std::min(ldns_rdf_size(data), address.octets.size()));
      addresses.emplace_back(owner, address);
    }
  }
  for (const auto& [owner, address] : addresses) {
    for (Hint& hint : hints) {
      if (hint.nameserver == owner) hint.addresses.push_back(address);
    }
  }
  std::erase_if(hints, [](const Hint& hint) { return hint.addresses.empty(); });
  if (hints.empty()) {
    return std::unexpected(fmt::format("{}: no root name server with an address", origin));
  }
  return hints;
}

}  // namespace caascan::wire
