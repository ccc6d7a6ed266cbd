// Writing a journal. Reading: journal.cc.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "ingest/assert.h"
#include "scanner/store/finding_store.h"
#include "scanner/store/journal.h"
#include "scanner/store/journal_format.h"

namespace caascan {
namespace {

using namespace journal;

constexpr int kCompressionLevel = 1;  // speed: what is written is read once or twice

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

void put_start(std::string& block, std::int64_t now_unix_s, bool after_damage) {
  std::string body;
  put_signed(body, now_unix_s);
  put_number(body, after_damage ? 1 : 0);
  append_record(block, RecordType::kStart, body);
}

std::expected<void, std::string> sync_folder_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path().empty() ? "." : path.parent_path();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("open", folder, errno));
  const int synced = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (synced != 0) return std::unexpected(system_error("sync", folder, error));
  return {};
}

}  // namespace

struct JournalWriter::Impl {
  using Clock = std::chrono::steady_clock;

  Impl(std::filesystem::path file_path, int descriptor, std::uint64_t file_octets)
      : path(std::move(file_path)),
        fd(descriptor),
        offset(file_octets),
        compressor(ZSTD_createCCtx()) {
    CAASCAN_ASSERT(compressor != nullptr);
    ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, kCompressionLevel);
  }
  ~Impl() {
    stop();
    if (fd >= 0) ::close(fd);
  }

  std::expected<void, std::string> write_all(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t written = ::write(fd, octets.data(), octets.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return std::unexpected(system_error("write", path, errno));
      }
      octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::expected<void, std::string> write_block() {
    if (latest_counts) {
      append_record(block, RecordType::kCounts,
                    scan_counts_to_json(counts_over_starts(earlier_counts, *latest_counts)));
      latest_counts.reset();
    }
    if (block.empty()) return {};
    if (block.size() > kJournalBlockOctetsMax)
      return std::unexpected(fmt::format("{}: a record is too large", path.string()));
    stored.resize(kBlockHeaderOctets + ZSTD_compressBound(block.size()));
    const std::size_t size =
        ZSTD_compress2(compressor.get(), stored.data() + kBlockHeaderOctets,
                       stored.size() - kBlockHeaderOctets, block.data(), block.size());
    CAASCAN_ASSERT(ZSTD_isError(size) == 0);
    stored.resize(kBlockHeaderOctets + size);
    put_u32(stored.data(), static_cast<std::uint32_t>(size));
    put_u32(stored.data() + 4, static_cast<std::uint32_t>(block.size()));
    put_u32(stored.data() + 8,
            checksum(offset, std::string_view(stored).substr(kBlockHeaderOctets)));
    put_u32(stored.data() + 12, checksum(offset, std::string_view(stored).substr(0, 12)));
    block.clear();
    if (auto written = write_all(stored); !written) return written;
    offset += stored.size();
    octets_unsynced += stored.size();
    return {};
  }

  std::expected<void, std::string> sync() {
    if (auto written = write_block(); !written) return written;
    if (octets_unsynced == 0) return {};
    if (::fdatasync(fd) != 0) return std::unexpected(system_error("sync", path, errno));
    octets_unsynced = 0;
    names_durable = names_taken;
    findings_durable = findings_taken;
    return {};
  }

  void append(RecordType type, std::string_view record) {
    append_record(block, type, record);
    if (block.size() >= kJournalBlockOctets && result) result = write_block();
  }

  void take(const JournalBatch& batch) {
    for (const NamesMark& mark : batch.marks) {
      body.clear();
      put_number(body, mark.names);
      put_number(body, mark.digest);
      append(RecordType::kMark, body);
    }
    // Before they end: a block may be written between any two records.
    for (const FailedName& name : batch.failed) {
      body.clear();
      put_failed(body, name);
      append(RecordType::kFailed, body);
    }
    for (const AliveName& name : batch.alive) {
      body.clear();
      put_text(body, name.nameserver);
      put_text(body, name.name);
      append(RecordType::kAlive, body);
    }
    if (!batch.ended.empty()) {
      body.clear();
      put_ended(body, batch.ended);
      append(RecordType::kEnded, body);
    }
    for (const JournaledFinding& entry : batch.findings) {
      body.clear();
      put_number(body, entry.number);
      put_number(body, static_cast<std::uint64_t>(entry.finding->outcome));
      body += finding_to_json(*entry.finding);
      append(RecordType::kFinding, body);
    }
    for (const DegradedZone& zone : batch.degraded)
      append(RecordType::kDegraded, degraded_zone_to_json(zone));
    for (const HiddenCaa& hidden : batch.hidden_caa)
      append(RecordType::kHiddenCaa, hidden_caa_to_json(hidden));
    if (batch.counts) latest_counts = batch.counts;
    names_taken += batch.ended.size() + batch.findings.size();
    findings_taken += batch.findings.size();
  }

  void run() {
    Clock::time_point next_write = Clock::now() + kWriteInterval;
    Clock::time_point next_sync = Clock::now() + kSyncInterval;
    std::unique_lock lock(mutex);
    while (true) {
      not_empty.wait_until(lock, block.empty() ? next_sync : std::min(next_write, next_sync),
                           [this] { return !queue.empty() || closed; });
      std::deque<JournalBatch> taken = std::exchange(queue, {});
      const bool last = closed;
      lock.unlock();
      not_full.notify_all();
      for (const JournalBatch& batch : taken) {
        if (result) take(batch);
      }
      taken.clear();
      const Clock::time_point now = Clock::now();
      if (last || now >= next_sync || octets_unsynced >= kSyncOctetsMax) {
        if (result) result = sync();
        next_sync = now + kSyncInterval;
      } else if (now >= next_write) {
        if (result) result = write_block();
        next_write = now + kWriteInterval;
      }
      if (!result) failed = true;
      lock.lock();
      if (!result && error.empty()) {
        error = result.error();
        not_full.notify_all();
      }
      if (last && queue.empty()) return;
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      closed = true;
    }
    not_empty.notify_all();
    not_full.notify_all();
    if (thread.joinable()) thread.join();
  }

  std::filesystem::path path;
  int fd;

  std::mutex mutex;
  std::condition_variable not_empty, not_full;
  std::deque<JournalBatch> queue;  // under the mutex, as the next two
  bool closed = false;
  std::string error;
  std::atomic<bool> failed{false};
  std::atomic<std::uint64_t> names_durable{0}, findings_durable{0};

  // The writer's thread alone, once it runs.
  std::uint64_t offset;  // of the block under way, in the file
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
  std::string block, body, stored;
  ScanCounts earlier_counts;
  std::optional<ScanCounts> latest_counts;
  std::size_t octets_unsynced = 0;
  std::uint64_t names_taken = 0, findings_taken = 0;
  std::expected<void, std::string> result;  // the first error stays

  std::thread thread;
};

JournalWriter::JournalWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([made = impl_.get()] { made->run(); });
}
JournalWriter::JournalWriter(JournalWriter&&) noexcept = default;
JournalWriter::~JournalWriter() = default;

std::expected<JournalWriter, std::string> JournalWriter::create(const std::filesystem::path& path,
                                                                const JournalHeader& header,
                                                                std::int64_t now_unix_s) {
  // Under another name until the header is on disk: there is no journal with half of one.
  std::filesystem::path begun = path;
  begun += ".new";
  const int fd = ::open(begun.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(system_error("create", begun, errno));
  auto impl = std::make_unique<Impl>(path, fd, kFormatLine.size());
  std::string body;
  put_header(body, header);
  append_record(impl->block, RecordType::kHeader, body);
  put_start(impl->block, now_unix_s, false);
  if (auto written = impl->write_all(kFormatLine); !written)
    return std::unexpected(written.error());
  if (auto synced = impl->sync(); !synced) return std::unexpected(synced.error());
  if (::rename(begun.c_str(), path.c_str()) != 0)
    return std::unexpected(system_error("create", path, errno));
  if (auto synced = sync_folder_of(path); !synced) return std::unexpected(synced.error());
  return JournalWriter(std::move(impl));
}

std::expected<JournalWriter, std::string> JournalWriter::resume(const std::filesystem::path& path,
                                                                const JournalContents& contents,
                                                                std::int64_t now_unix_s) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("open", path, errno));
  auto impl = std::make_unique<Impl>(path, fd, contents.octets_good);
  if (::ftruncate(fd, static_cast<off_t>(contents.octets_good)) != 0)
    return std::unexpected(system_error("cut", path, errno));
  put_start(impl->block, now_unix_s, contents.end == JournalEnd::kDamaged);
  impl->earlier_counts = contents.counts;
  impl->names_taken = contents.counts.names_total;
  for (const Outcome outcome : {Outcome::kServfail, Outcome::kTimeout}) {
    impl->findings_taken += contents.counts.names_by_outcome[static_cast<std::size_t>(outcome)];
  }
  if (auto synced = impl->sync(); !synced) return std::unexpected(synced.error());
  return JournalWriter(std::move(impl));
}

bool JournalWriter::submit(JournalBatch&& batch) {
  if (batch.empty()) return !impl_->failed;
  std::unique_lock lock(impl_->mutex);
  impl_->not_full.wait(lock, [this] {
    return impl_->queue.size() < kJournalBatchesMax || impl_->closed || impl_->failed;
  });
  if (impl_->closed || impl_->failed) return false;
  impl_->queue.push_back(std::move(batch));
  lock.unlock();
  impl_->not_empty.notify_one();
  return true;
}

bool JournalWriter::failed() const {
  return impl_->failed;
}
std::uint64_t JournalWriter::names_durable() const {
  return impl_->names_durable;
}
std::uint64_t JournalWriter::findings_durable() const {
  return impl_->findings_durable;
}

std::expected<void, std::string> JournalWriter::close() {
  impl_->stop();
  if (!impl_->error.empty()) return std::unexpected(impl_->error);
  return {};
}

}  // namespace caascan
