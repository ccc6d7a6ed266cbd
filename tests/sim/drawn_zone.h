// A random zone, what its server says, and what can be done to that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/zone_oracle.h"

namespace caascan::sim::zones {

using test::SignedZone;
using test::SigningKey;

constexpr std::int64_t kNow = test::kNow_unix_s;
constexpr std::uint8_t kUnknownNumber = 200;

// What a seed draws (splitmix64).
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
  std::uint64_t u64() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>((u64() >> 32) % bound); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }

 private:
  std::uint64_t state_;
};

// A thread's keys: each is made once.
[[nodiscard]] const SigningKey& key_of(const std::string& zone, const std::string& seed);

class DrawnZone {
 public:
  explicit DrawnZone(std::uint64_t seed) : draw_(seed) { make_zone(); }
  [[nodiscard]] Draw& draw() { return draw_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const SigningKey& key() const { return zone_->key(); }

  [[nodiscard]] std::string name_to_ask();
  // What the zone's server says.
  [[nodiscard]] Reply honest(const std::string& name, RecordType type);
  // False where the fault cannot be made of this reply.
  bool damage(ZoneFault fault, const Question& asked, Reply& reply);

 private:
  static constexpr std::array<const char*, 7> kLabels = {"a", "b", "c", "aa", "m", "x", "zz"};

  std::string label() { return kLabels[draw_.below(kLabels.size())]; }
  std::string random_name();

  void put(const std::string& name, RecordType type, std::vector<Rdata> rdatas);

  void make_zone();

  void add_something();

  Rdata ds_of_child();

  std::size_t link_of(const Records& set);
  Piece denial_at(std::size_t link);

  void sign(Piece& piece, const SigningKey& key, test::Validity validity);
  void expire(Piece& piece);
  static void make_bad(Piece& piece);
  static void strip(Piece& piece);
  // Behind the signer's name: the signature itself.
  std::size_t octet_of_signature(const Rdata& rrsig) { return rrsig.size() - 1 - draw_.below(64); }

  // Something that is signed; null where there is nothing.
  Piece* some_signed(Reply& reply);

  void add_proof(Reply& reply);

  // A wildcard's set as the answer for a name that the wildcard does not stand for.
  bool put_wildcard(const Question& asked, Reply& reply);

  static void change_data(Piece& piece);

  Draw draw_;
  Plan plan_;
  test::Validity validity_;
  std::unique_ptr<SignedZone> zone_;
};

}  // namespace caascan::sim::zones
