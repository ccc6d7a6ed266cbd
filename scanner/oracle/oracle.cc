#include "scanner/oracle/oracle.h"

#include <fmt/format.h>
#include <poll.h>
#include <unbound.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "scanner/wire/message.h"

namespace caascan::oracle {
namespace {

using Failure = std::unexpected<std::string>;

constexpr int kClassIn = 1;
constexpr int kTypeSoa = 6;
constexpr int kTypeCaa = 257;
constexpr int kRcodeNoError = 0;
constexpr int kRcodeNxDomain = 3;
// How late a stop is seen.
constexpr engine::Duration kLookUp = std::chrono::milliseconds(250);

struct DeleteContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
struct FreeResult {
  void operator()(ub_result* result) const { ub_resolve_free(result); }
};

std::string rcode_word(int rcode) {
  switch (rcode) {
    case 1:
      return "FORMERR";
    case 2:
      return "SERVFAIL";
    case 4:
      return "NOTIMP";
    case 5:
      return "REFUSED";
    default:
      return fmt::format("RCODE{}", rcode);
  }
}

// What a CA makes of it: any code but NOERROR and NXDOMAIN is as bad as SERVFAIL.
Answer answer_of(int error, const ub_result* result) {
  if (error != 0 || result == nullptr) {
    return {Outcome::kNotReached, 0, fmt::format("libunbound: {}", ub_strerror(error))};
  }
  const auto rcode = static_cast<std::uint8_t>(result->rcode);
  if (result->bogus != 0) {
    return {Outcome::kServfail, rcode,
            result->why_bogus != nullptr ? result->why_bogus : "bogus, without a reason"};
  }
  if (rcode != kRcodeNoError && rcode != kRcodeNxDomain) {
    return {Outcome::kServfail, rcode, rcode_word(rcode)};
  }
  return {result->havedata != 0 ? Outcome::kFound : Outcome::kEmpty, rcode, {}};
}

std::string ds_text(const wire::DsRecord& ds) {
  std::string text =
      fmt::format(". IN DS {} {} {} ", ds.key_tag, int{ds.algorithm}, int{ds.digest_type});
  for (const auto octet : ds.digest) fmt::format_to(std::back_inserter(text), "{:02X}", octet);
  return text;
}

}  // namespace

std::string version() {
  return fmt::format("libunbound {}", ub_version());
}

struct Oracle::Impl {
  // What libunbound hands back with an answer. Lives in `lookups` until then.
  struct Lookup {
    Impl* impl = nullptr;
    std::string label;
    bool done = false;
  };

  OracleOptions options;
  Climbs climbs;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Lookup>> lookups;
  std::optional<Answer> root_answer;
  // The last member: it is deleted first, and with it the thread that may still call back.
  std::unique_ptr<ub_ctx, DeleteContext> context;

  explicit Impl(const OracleOptions& made)
      : options(made), climbs(options.pace, options.exclusions) {}

  [[nodiscard]] engine::Instant now() const {
    return engine::Instant(
        std::chrono::duration_cast<engine::Duration>(std::chrono::steady_clock::now() - start));
  }

  static void on_result(void* argument, int error, ub_result* raw) {
    const std::unique_ptr<ub_result, FreeResult> result(raw);
    auto* lookup = static_cast<Lookup*>(argument);
    lookup->done = true;
    Answer answer = answer_of(error, result.get());
    if (lookup->label == ".") {
      lookup->impl->root_answer = std::move(answer);
    } else {
      lookup->impl->climbs.on_answer(lookup->label, std::move(answer));
    }
  }

  [[nodiscard]] std::expected<void, std::string> begin(const std::string& label, int type) {
    lookups.push_back(std::make_unique<Lookup>(Lookup{this, label}));
    const int error = ub_resolve_async(context.get(), label.c_str(), type, kClassIn,
                                       lookups.back().get(), on_result, nullptr);
    if (error != 0) return Failure(fmt::format("libunbound: {}", ub_strerror(error)));
    return {};
  }

  // Waits for answers until `wake`, and takes them.
  [[nodiscard]] std::expected<void, std::string> wait_until(engine::Instant wake) {
    const engine::Instant here = now();
    const engine::Duration left =
        wake <= here ? engine::Duration(0) : std::min(wake - here, kLookUp);
    const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd events{ub_fd(context.get()), POLLIN, 0};
    if (::poll(&events, 1, static_cast<int>(left_ms)) < 0 && errno != EINTR) {
      return Failure(fmt::format("cannot wait for libunbound: {}", std::strerror(errno)));
    }
    if (const int error = ub_process(context.get()); error != 0) {
      return Failure(fmt::format("libunbound: {}", ub_strerror(error)));
    }
    std::erase_if(lookups, [](const auto& lookup) { return lookup->done; });
    return {};
  }

  // Whether the network carries anything at all; without, every zone would look silent.
  [[nodiscard]] std::expected<void, std::string> check_root(const std::atomic<bool>* stop) {
    root_answer.reset();
    if (auto begun = begin(".", kTypeSoa); !begun) return begun;
    const engine::Instant until = now() + kAnswerWithin;
    while (!root_answer && now() < until) {
      if (stop != nullptr && *stop) return {};
      if (auto waited = wait_until(until); !waited) return waited;
    }
    if (!root_answer) return Failure("the root does not answer libunbound");
    if (root_answer->outcome != Outcome::kFound) {
      return Failure(fmt::format("the root does not answer libunbound: {}", root_answer->why));
    }
    return {};
  }
};

Oracle::Oracle(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Oracle::Oracle(Oracle&&) noexcept = default;
Oracle::~Oracle() = default;

std::expected<Oracle, std::string> Oracle::create(const OracleOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  impl->context.reset(ub_ctx_create());
  ub_ctx* context = impl->context.get();
  if (context == nullptr) return Failure("libunbound cannot be started");
  ub_ctx_debugout(context, nullptr);
  ub_ctx_async(context, 1);
  const auto check = [](int error, std::string_view what) -> std::expected<void, std::string> {
    if (error == 0) return {};
    return Failure(fmt::format("libunbound does not take {}: {}", what, ub_strerror(error)));
  };
  for (const Setting& setting : settings(options)) {
    const int error = ub_ctx_set_option(context, setting.name.c_str(), setting.value.c_str());
    if (setting.optional) continue;
    if (auto good = check(error, setting.name + " " + setting.value); !good)
      return Failure(good.error());
  }
  for (const engine::Nameserver& nameserver : options.root.nameservers) {
    for (const engine::IpAddress& address : nameserver.glue) {
      if (!(address.v6 ? options.use_v6 : options.use_v4)) continue;
      const std::string text = address.text();
      // A stub that is primed is what root hints are.
      if (auto good = check(ub_ctx_set_stub(context, ".", text.c_str(), 1), text); !good)
        return Failure(good.error());
    }
  }
  for (const wire::DsRecord& ds : options.trust_anchors) {
    const std::string text = ds_text(ds);
    if (auto good = check(ub_ctx_add_ta(context, text.c_str()), text); !good)
      return Failure(good.error());
  }
  return Oracle(std::move(impl));
}

std::expected<Oracle::Asked, std::string> Oracle::ask(std::vector<Question> questions,
                                                      const std::atomic<bool>* stop) {
  Asked asked;
  if (auto root = impl_->check_root(stop); !root) return Failure(root.error());
  Climbs& climbs = impl_->climbs;
  for (Question& question : questions) climbs.add(std::move(question));
  while (!climbs.idle()) {
    if (stop != nullptr && *stop) {
      asked.interrupted = true;
      asked.verdicts = climbs.take_verdicts();
      return asked;
    }
    for (const std::string& label : climbs.start(impl_->now())) {
      if (auto begun = impl_->begin(label, kTypeCaa); !begun) return Failure(begun.error());
    }
    if (climbs.idle()) break;
    if (auto waited = impl_->wait_until(climbs.next_wake()); !waited)
      return Failure(waited.error());
  }
  asked.verdicts = climbs.take_verdicts();
  if (auto root = impl_->check_root(stop); !root) return Failure(root.error());
  return asked;
}

}  // namespace caascan::oracle
