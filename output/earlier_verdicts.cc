#include "output/earlier_verdicts.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "scanner/store/finding_store.h"

namespace caascan {
namespace {

constexpr std::string_view kFindings = "findings.ndjson.zst";

bool is_recent(const Finding& finding, std::int64_t now_unix_s) {
  if (finding.observed_unix_ms.empty()) return false;
  constexpr std::int64_t kMillisecondsInASecond = 1000;
  const std::int64_t seen_s = std::ranges::max(finding.observed_unix_ms) / kMillisecondsInASecond;
  return now_unix_s - seen_s <= std::chrono::seconds(kVerdictCarriedFor).count();
}

}  // namespace

std::expected<std::optional<EarlierVerdicts>, std::string> EarlierVerdicts::read(
    const std::filesystem::path& out_dir) {
  std::error_code error;
  const std::filesystem::path current = out_dir / "current";
  if (!std::filesystem::exists(current, error) && !error) return std::nullopt;
  EarlierVerdicts made;
  made.folder_ = std::filesystem::canonical(current, error);
  if (error) return std::unexpected(current.string() + ": " + error.message());
  const auto read = for_each_finding(
      made.folder_ / kFindings,
      [&](const Finding& finding, std::string_view) -> std::expected<void, std::string> {
        made.numbers_.emplace(made.texts_.keep(finding.name.text()), kNotSeen);
        return {};
      });
  if (!read) return std::unexpected(read.error());
  return made;
}

std::expected<std::uint64_t, std::string> EarlierVerdicts::write(
    const std::filesystem::path& path, const std::function<bool(std::uint64_t)>& is_open,
    std::int64_t now_unix_s) const {
  auto out = FindingWriter::create(path);
  if (!out) return std::unexpected(out.error());
  std::uint64_t written = 0;
  const auto read =
      for_each_finding(folder_ / kFindings,
                       [&](Finding& finding, std::string_view) -> std::expected<void, std::string> {
                         const auto at = numbers_.find(finding.name.text());
                         if (at == numbers_.end() || at->second == kNotSeen ||
                             !is_open(at->second) || !is_recent(finding, now_unix_s)) {
                           return {};
                         }
                         if (finding.carried_from.empty())
                           finding.carried_from = folder_.filename().string();
                         ++written;
                         return out->append(finding);
                       });
  if (!read) return std::unexpected(read.error());
  if (auto closed = out->close(); !closed) return std::unexpected(closed.error());
  return written;
}

}  // namespace caascan
