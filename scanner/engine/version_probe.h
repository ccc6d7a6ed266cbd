// What servers at fault say of their software: CH TXT version.bind, once for each address and run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scanner/engine/exchanges.h"
#include "scanner/engine/resolution.h"

namespace caascan::engine {

// Asks within the budgets of the servers, like every other question. One thread; borrows the
// exchanges.
class VersionProbe final : public ExchangeOwner {
 public:
  VersionProbe(Exchanges& exchanges, Random& random) : exchanges_(exchanges), random_(random) {}

  // The text that `server` gave, empty where it would not say; null while it is being asked, and
  // then `waiter` is told of by `take_told` once it is known.
  [[nodiscard]] const std::string* ask(ServerId server, Waiter waiter);
  // Whose servers have answered, or will not, since the last call.
  [[nodiscard]] std::vector<Waiter> take_told() { return std::exchange(told_, {}); }
  [[nodiscard]] bool has_told() const { return !told_.empty(); }

  void on_reply(std::uint32_t owner, const AttemptInfo& info, wire::Bytes message,
                Instant now) override;
  void on_wait_over(std::uint32_t owner, AttemptId attempt, const AttemptInfo& info,
                    Instant now) override;
  void on_failed(std::uint32_t owner, const AttemptInfo& info, Instant now) override;

 private:
  struct Server {
    bool known = false;
    std::string text;
    std::vector<Waiter> waiters;
  };
  void settle(ServerId server, std::string text);

  Exchanges& exchanges_;
  Random& random_;
  std::unordered_map<ServerId, Server> servers_;
  std::vector<Waiter> told_;
};

// The text of a version.bind answer in printable ASCII, cut to 255 octets; empty where there is
// none.
[[nodiscard]] std::string version_text(const wire::MessageView& view);

}  // namespace caascan::engine
