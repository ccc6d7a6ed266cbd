// What the servers of the root, the TLDs and the providers say.
#include "tests/bench/fake_zones_reply.h"

namespace caascan::bench {
namespace {

// The number after `letter`, or -1.
std::int64_t number_after(char letter, std::string_view label) {
  if (label.size() < 2 || label.size() > 12 || label[0] != letter) return -1;
  std::int64_t number = 0;
  for (const char digit : label.substr(1)) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

// The addresses of one server, of the type asked for or (0) of both.
void FakeZones::put_addresses(const Place& place, std::uint16_t type, unsigned owner,
                              Writer& writer) const {
  const auto section = type == 0 ? Writer::kAdditional : Writer::kAnswer;
  Place at = place;
  at.v6 = false;
  if (type != kAaaa) writer.address(section, owner, address_of(at));
  at.v6 = true;
  if (type != kA && (at.role == Role::kRoot || has_v6(at)))
    writer.address(section, owner, address_of(at));
}

// The last `labels` labels, lower-cased, on the wire.
std::string_view FakeZones::wire_suffix(const Question& question, std::size_t labels) const {
  constexpr std::size_t kTypeAndClassOctets = 4;
  const std::size_t end = question.end - kTypeAndClassOctets;
  const std::size_t begin = labels == 0 ? end - 1 : question.suffix(labels);
  return std::string_view(lower_).substr(begin, end - begin);
}

void FakeZones::answer_root(const Question& question, Writer& writer) {
  const bool itself = question.count == 0;
  if (itself && question.type == kNs) {
    std::array<unsigned, kRootServers> names{};
    writer.authoritative();
    for (unsigned i = 0; i < kRootServers; ++i) {
      writer.begin(Writer::kAnswer, 0, kNs, kTtl_s);
      names[i] = writer.at();
      writer.u8(1);
      writer.u8(static_cast<std::uint8_t>('a' + i));
      if (i == 0) {
        writer.label("root-servers");
        writer.label("net");
        writer.u8(0);
      } else {
        writer.pointer(names[0] + 2);
      }
      writer.end();
    }
    if (writer.dnssec_ok()) {
      std::vector<test::Rdata> rdatas;
      for (unsigned i = 0; i < kRootServers; ++i) {
        rdatas.push_back(
            test::name_rdata(fmt::format("{}.root-servers.net", static_cast<char>('a' + i))));
      }
      writer.put_signature(
          Writer::kAnswer, 0,
          signatures_->once(signatures_->root(), "", test::RecordType::kNs, kTtl_s, rdatas));
    }
    for (unsigned i = 0; i < kRootServers; ++i)
      put_addresses({.role = Role::kRoot, .index = i}, 0, names[i], writer);
    return;
  }
  if (question.count == 3 && question.label(1) == "root-servers" &&
      (question.type == kA || question.type == kAaaa)) {
    const std::string_view letter = question.label(2);
    if (letter.size() == 1 && letter[0] >= 'a' &&
        letter[0] < 'a' + static_cast<int>(kRootServers)) {
      writer.authoritative();
      const auto index = static_cast<unsigned>(letter[0] - 'a');
      put_addresses({.role = Role::kRoot, .index = index}, question.type, question.suffix(3),
                    writer);
      return;
    }
  }
  if (signatures_ && itself && question.type == kDnskey) {
    writer.authoritative();
    writer.put(Writer::kAnswer, 0, signatures_->root().dnskey);
    return;
  }
  if (question.tld == kTldCount) {
    writer.authoritative();
    if (!itself) writer.rcode(kNxDomain);
    writer.soa(0);
    if (!signatures_) return;
    writer.put_signature(Writer::kAuthority, 0, signatures_->root().soa);
    const SignedSet& apex = signatures_->root_denial("");
    writer.put_denials(0, {itself ? &apex : &signatures_->root_denial(question.label(0)), &apex});
    return;
  }
  if (signatures_ && question.count == 1 && question.type == kDs) {
    writer.authoritative();
    writer.put(Writer::kAnswer, 0, signatures_->ds_of_tld(question.tld));
    return;
  }
  std::array<unsigned, kTldServers> names{};
  for (unsigned i = 0; i < kTldServers; ++i) {
    writer.begin(Writer::kAuthority, question.suffix(1), kNs, kTtl_s);
    names[i] = writer.at();
    writer.u8(1);
    writer.u8(static_cast<std::uint8_t>('a' + i));
    writer.label("nic");
    writer.pointer(question.suffix(1));
    writer.end();
  }
  if (writer.dnssec_ok()) writer.put(Writer::kAuthority, 0, signatures_->ds_of_tld(question.tld));
  for (unsigned i = 0; i < kTldServers; ++i)
    put_addresses({.role = Role::kTld, .index = question.tld, .server = i}, 0, names[i], writer);
}

void FakeZones::answer_tld(const Place& place, const Question& question, Writer& writer) {
  if (question.tld != place.index) return writer.rcode(kRefused);
  const unsigned zone = question.suffix(1);
  const SignedZone* tld = signatures_ ? &signatures_->tld(place.index) : nullptr;
  // That what has `labels` labels exists, without what was asked for.
  const auto nothing = [&](std::size_t labels) {
    writer.authoritative();
    writer.soa(zone);
    if (!writer.dnssec_ok()) return;
    writer.put_signature(Writer::kAuthority, zone, tld->soa);
    writer.put_denials(zone, {&tld->matching(wire_suffix(question, labels))});
  };
  // The same, and nothing of the name below it.
  const auto no_name = [&](std::size_t labels) {
    writer.authoritative();
    writer.rcode(kNxDomain);
    writer.soa(zone);
    if (!writer.dnssec_ok()) return;
    writer.put_signature(Writer::kAuthority, zone, tld->soa);
    std::string wildcard("\1*", 2);
    wildcard += wire_suffix(question, labels);
    writer.put_denials(
        zone, {&tld->matching(wire_suffix(question, labels)),
               &tld->covering(wire_suffix(question, labels + 1)), &tld->covering(wildcard)});
  };
  if (question.count == 1 && question.type == kNs) {
    std::vector<test::Rdata> rdatas;
    writer.authoritative();
    for (unsigned i = 0; i < kTldServers; ++i) {
      writer.begin(Writer::kAnswer, zone, kNs, kTtl_s);
      writer.u8(1);
      writer.u8(static_cast<std::uint8_t>('a' + i));
      writer.label("nic");
      writer.pointer(zone);
      writer.end();
      rdatas.push_back(test::name_rdata(
          fmt::format("{}.nic.{}", static_cast<char>('a' + i), kTlds[place.index])));
    }
    if (writer.dnssec_ok()) {
      writer.put_signature(Writer::kAnswer, zone,
                           signatures_->once(*tld, "", test::RecordType::kNs, kTtl_s, rdatas));
    }
    return;
  }
  if (tld != nullptr && question.count == 1 && question.type == kDnskey) {
    writer.authoritative();
    return writer.put(Writer::kAnswer, zone, tld->dnskey);
  }
  if (question.count == 1) return nothing(1);
  const std::string_view registrable = question.label(1);
  if (registrable == "nic") {
    const bool server = question.count == 3 && question.label(2).size() == 1 &&
                        question.label(2)[0] >= 'a' &&
                        question.label(2)[0] < 'a' + static_cast<int>(kTldServers);
    if (!server) return question.count == 2 ? nothing(2) : no_name(2);
    if (question.type != kA && question.type != kAaaa) return nothing(3);
    writer.authoritative();
    const auto index = static_cast<unsigned>(question.label(2)[0] - 'a');
    Place asked = {.role = Role::kTld, .index = place.index, .server = index};
    put_addresses(asked, question.type, question.suffix(3), writer);
    if (writer.dnssec_ok()) {
      asked.v6 = question.type == kAaaa;
      const Address address = address_of(asked);
      const test::Rdata rdata(address.octets.begin(), address.octets.begin() + (asked.v6 ? 16 : 4));
      const std::string label = fmt::format("{}.nic", question.label(2));
      SignedSet made = signatures_->once(*tld, label, static_cast<test::RecordType>(question.type),
                                         kTtl_s, {rdata});
      made.label.clear();
      writer.put_signature(Writer::kAnswer, question.suffix(3), made);
    }
    return;
  }
  Domain domain;
  if (const std::int64_t number = number_after('d', registrable); number >= 0) {
    domain = domain_of(static_cast<std::uint64_t>(number), question.tld);
  } else if (const std::int64_t provider = number_after('p', registrable);
             provider >= 0 && provider < providers()) {
    domain.provider = static_cast<unsigned>(provider);
    domain.tld = question.tld;
  } else {
    return no_name(1);
  }
  const auto deny_ds = [&] {
    if (!writer.dnssec_ok()) return;
    writer.put_denials(
        zone, {&tld->matching(wire_suffix(question, 1)), &tld->covering(wire_suffix(question, 2))});
  };
  if (tld != nullptr && question.count == 2 && question.type == kDs) {
    writer.authoritative();
    if (domain.is_signed) return writer.put(Writer::kAnswer, zone, signatures_of(domain).ds);
    writer.soa(zone);
    writer.put_signature(Writer::kAuthority, zone, tld->soa);
    return deny_ds();
  }
  const unsigned servers = servers_of(domain.provider);
  std::array<unsigned, kProviderServersMax> names{};
  for (unsigned i = 0; i < servers; ++i) {
    writer.begin(Writer::kAuthority, question.suffix(2), kNs, kTtl_s);
    names[i] = writer.at();
    writer.label("ns", i + 1);
    if (i > 0) {
      writer.pointer(names[0] + 4);
    } else {
      writer.label("p", domain.provider);
      if (domain.tld == question.tld) {
        writer.pointer(zone);
      } else {
        writer.label(kTlds[domain.tld]);
        writer.u8(0);
      }
    }
    writer.end();
  }
  if (!domain.is_signed)
    deny_ds();
  else if (writer.dnssec_ok())
    writer.put(Writer::kAuthority, zone, signatures_of(domain).ds);
  if (domain.tld != question.tld) return;
  for (unsigned i = 0; i < servers; ++i) {
    put_addresses({.role = Role::kProvider, .index = domain.provider, .server = i}, 0, names[i],
                  writer);
  }
}

// What a signed domain, of which only the apex exists, says otherwise than an unsigned one.
bool FakeZones::answer_signed(const Domain& domain, const Question& question, Writer& writer) {
  const SignedDomain& made = signatures_of(domain);
  const unsigned zone = question.suffix(2);
  const bool apex = question.count == 2;
  const SignedSet* found = nullptr;
  if (apex && question.type == kDnskey) found = &made.dnskey;
  if (apex && question.type == kNs) found = &made.ns;
  if (apex && question.type == kSoa) found = &made.soa;
  if (apex && question.type == kCaa && domain.manner == Manner::kCaa) found = &made.caa;
  writer.authoritative();
  if (domain.fault == Fault::kStripped) writer.strip();
  if (found != nullptr) {
    writer.put(Writer::kAnswer, zone, *found);
    return true;
  }
  if (!apex) writer.rcode(kNxDomain);
  writer.put(Writer::kAuthority, zone, made.soa);
  writer.put_denials(zone, {&made.denial});
  return true;
}

// False for silence.
bool FakeZones::answer_provider(const Place& place, const Question& question, Writer& writer) {
  const auto refuse = [&] {
    writer.rcode(kRefused);
    return true;
  };
  if (question.tld == kTldCount || question.count < 2) return refuse();
  const unsigned zone = question.suffix(2);
  const auto nothing = [&](std::uint8_t rcode) {
    writer.authoritative();
    writer.rcode(rcode);
    writer.soa(zone);
    return true;
  };
  unsigned names_tld = question.tld;
  if (const std::int64_t number = number_after('d', question.label(1)); number >= 0) {
    const Domain domain = domain_of(static_cast<std::uint64_t>(number), question.tld);
    if (domain.provider != place.index) return refuse();
    names_tld = domain.tld;
    if (domain.manner == Manner::kRefused) return refuse();
    const bool caa = question.type == kCaa;
    if (caa && domain.manner == Manner::kSilent) return false;
    if (caa && domain.manner == Manner::kServFail) {
      writer.rcode(kServFail);
      return true;
    }
    if (caa && domain.truncated && !question.tcp) {
      writer.truncate();
      return true;
    }
    if (domain.is_signed) return answer_signed(domain, question, writer);
    if (caa && domain.manner == Manner::kCaa && question.count == 2) {
      writer.authoritative();
      writer.begin(Writer::kAnswer, zone, kCaa, 3600);
      writer.u8(0);
      writer.label("issue");
      writer.octets("ca.example");
      writer.end();
      return true;
    }
  } else if (number_after('p', question.label(1)) != static_cast<std::int64_t>(place.index)) {
    return refuse();
  } else if (question.count > 2) {
    const std::string_view host = question.label(2);
    const std::int64_t server = host.starts_with("ns") ? number_after('s', host.substr(1)) : -1;
    if (question.count > 3 || server < 1 || server > servers_of(place.index))
      return nothing(kNxDomain);
    const Place asked = {
        .role = Role::kProvider, .index = place.index, .server = static_cast<unsigned>(server - 1)};
    if (question.type != kA && (question.type != kAaaa || !has_v6(asked))) return nothing(0);
    writer.authoritative();
    put_addresses(asked, question.type, question.suffix(3), writer);
    return true;
  }
  if (question.count > 2 || question.type != kNs) return nothing(0);
  writer.authoritative();
  for (unsigned i = 0; i < servers_of(place.index); ++i) {
    writer.begin(Writer::kAnswer, zone, kNs, kTtl_s);
    writer.label("ns", i + 1);
    writer.label("p", place.index);
    writer.label(kTlds[names_tld]);
    writer.u8(0);
    writer.end();
  }
  return true;
}

std::size_t FakeZones::answer(const Place& place, bool tcp, std::span<const std::uint8_t> query,
                              std::span<std::uint8_t, kReplyOctetsMax> reply, Asked& asked) {
  Question question;
  asked = {};
  if (place.role == Role::kNone || !read(query, question)) return 0;
  asked.is_chain = question.type == kDs || question.type == kDnskey;
  asked.is_caa = question.type == kCaa;
  if (tcp) {
    question.tcp = true;
    question.reply_octets = kReplyOctetsMax;
  }
  Writer writer(query, question, reply);
  bool silent = false;
  switch (place.role) {
    case Role::kNone:
      return 0;
    case Role::kRoot:
      answer_root(question, writer);
      break;
    case Role::kTld:
      answer_tld(place, question, writer);
      break;
    case Role::kProvider:
      silent = !answer_provider(place, question, writer);
      break;
  }
  if (question.count >= 2) {
    lower_[question.offsets[question.count - 1]] = '.';
    const std::string_view last = question.label(0);
    const std::string_view before = question.label(1);
    asked.registrable = {before.data(),
                         static_cast<std::size_t>(last.data() + last.size() - before.data())};
  }
  if (silent) return 0;
  const std::size_t octets = writer.finish();
  asked.truncated = writer.truncated();
  return octets;
}

}  // namespace caascan::bench
