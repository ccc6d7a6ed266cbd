// The content of a whole Internet, computed from the names: no tables, no zone files. The same
// question has the same answer in each run, on each machine.
//
// 13 root servers at their real addresses delegate some TLDs, each with four servers and glue. A
// TLD delegates `dNUMBER.TLD` to one of the providers, by a Zipf-like choice, and `pK.TLD` to
// provider K with glue. The nameserver names of a `dNUMBER.TLD` are `ns1.pK.TLD` …: for one half
// of them below the same TLD, with glue; for the other half below another TLD, without.
//
// With `signed_percent` the root and the TLDs are signed (signatures.h) and so is that share of the
// `dNUMBER.TLD`, one half of them with NSEC and the other with NSEC3; the `pK.TLD` are not. Records
// of DNSSEC are for those who ask with DO. A reply that is too large for its asker is truncated, or
// loses its additional records where it is an answer; replies to askers of 1232 octets are kept
// below that.
//
// With `slow_percent` one more provider has that share of the `dNUMBER.TLD`, at two addresses. It
// is slow only for an asker who keeps a limit there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/signatures.h"
#include "tests/bench/wire_io.h"

namespace caascan::bench {

inline constexpr unsigned kRootServers = 13;
inline constexpr unsigned kTldServers = 4;
inline constexpr unsigned kProviderServersMax = 4;
inline constexpr unsigned kSlowServers = 2;           // with IPv4 only
inline constexpr unsigned kProvidersMax = 60'000;     // two octets of their addresses
inline constexpr std::size_t kReplyOctetsMax = 4096;  // before it is truncated

enum class Role : std::uint8_t { kNone, kRoot, kTld, kProvider };
inline constexpr std::array<std::string_view, 4> kRoleWords = {"none", "root", "tld", "provider"};

// Who answers at an address.
struct Place {
  Role role = Role::kNone;
  unsigned index = 0;   // the root's letter, the TLD, the provider
  unsigned server = 0;  // of its servers
  bool v6 = false;
};

struct FakeZonesOptions {
  unsigned providers = 400;
  // Shares of the domains, in ten-thousandths; what is left answers with an empty, good answer.
  unsigned servfail = 300;      // SERVFAIL for CAA, at each server of the domain
  unsigned refused = 100;       // REFUSED for everything
  unsigned silent = 0;          // never an answer to CAA
  unsigned with_caa = 500;      // a CAA record
  unsigned signed_percent = 0;  // of the domains; 0: nothing at all is signed
  unsigned bogus = 100;         // of the signed domains that answer, in ten-thousandths
  unsigned truncated = 0;       // of the domains, in ten-thousandths: they answer CAA over TCP only
  unsigned slow_percent = 0;    // of the domains, at a provider of their own
};

// How the servers of a domain answer.
enum class Manner : std::uint8_t { kEmpty, kCaa, kServFail, kRefused, kSilent };

// What a server was asked, as far as the counters need it.
struct Asked {
  std::string_view registrable;  // lower case, of the last two labels; valid until the next answer
  bool is_chain = false;         // for DS or DNSKEY
  bool is_caa = false;           // for CAA
  bool truncated = false;        // the reply
};

// One thread.
class FakeZones {
 public:
  // `hints`: the root servers, in zone-file form.
  FakeZones(FakeZonesOptions options, std::string_view hints);

  // The name of registrable domain `number`, in presentation form.
  [[nodiscard]] static std::string domain(std::uint64_t number);

  [[nodiscard]] Manner manner_of(std::uint64_t number) const;
  [[nodiscard]] bool is_signed(std::uint64_t number) const;
  [[nodiscard]] bool is_slow(std::uint64_t number) const;
  // kNone where it is not signed.
  [[nodiscard]] Fault fault_of(std::uint64_t number) const;
  // Signs the signed ones among the first `count` domains, so that no asker waits for that.
  void sign_domains(std::uint64_t count);
  // The trust anchor; there must be something signed.
  [[nodiscard]] std::string anchor() const { return signatures_->anchor(); }

  [[nodiscard]] Place place_of(const Address& address) const;
  // Places are numbered from 0; kNone has no number.
  [[nodiscard]] std::size_t number_of(const Place& place) const;
  [[nodiscard]] std::size_t places() const;
  [[nodiscard]] static unsigned tlds();
  [[nodiscard]] unsigned providers() const {
    return options_.providers + (options_.slow_percent > 0 ? 1 : 0);
  }
  // The provider of `slow_percent`.
  [[nodiscard]] bool is_slow(const Place& place) const {
    return place.role == Role::kProvider && place.index == options_.providers;
  }
  [[nodiscard]] Address address_of(const Place& place) const;

  // Writes the reply of the server at `place`; returns its octets, 0 for silence.
  // `asked` says what for.
  std::size_t answer(const Place& place, bool tcp, std::span<const std::uint8_t> query,
                     std::span<std::uint8_t, kReplyOctetsMax> reply, Asked& asked);

 private:
  struct Question;
  struct Domain;
  class Writer;
  [[nodiscard]] bool read(std::span<const std::uint8_t> query, Question& question);
  [[nodiscard]] Domain domain_of(std::uint64_t number, unsigned tld) const;
  const SignedDomain& signatures_of(const Domain& domain);
  [[nodiscard]] unsigned servers_of(unsigned provider) const;
  [[nodiscard]] bool has_v6(const Place& place) const;
  [[nodiscard]] std::string_view wire_suffix(const Question& question, std::size_t labels) const;
  void answer_root(const Question& question, Writer& writer);
  void answer_tld(const Place& place, const Question& question, Writer& writer);
  [[nodiscard]] bool answer_provider(const Place& place, const Question& question, Writer& writer);
  [[nodiscard]] bool answer_signed(const Domain& domain, const Question& question, Writer& writer);
  void put_addresses(const Place& place, std::uint16_t type, unsigned owner, Writer& writer) const;

  FakeZonesOptions options_;
  std::vector<Address> roots_v4_, roots_v6_;
  double zipf_log_;
  std::string lower_;
  std::unique_ptr<Signatures> signatures_;  // null: nothing is signed
};

}  // namespace caascan::bench
