#include "ingest/reject_log.h"

namespace caascan::dump {

std::expected<RejectLog, std::string> RejectLog::create(const std::filesystem::path& path) {
  auto file = OutputFile::create(path);
  if (!file) return std::unexpected(file.error());
  return RejectLog(std::move(*file));
}

std::expected<void, std::string> RejectLog::append(NameReject reason, std::string_view raw,
                                                   std::string_view input_path) {
  if (lines_ == kLinesMax) return {};
  ++lines_;
  line_.assign(reject_word(reason));
  line_ += '\t';
  line_ += escape_for_print(raw);
  line_ += '\t';
  line_ += escape_for_print(input_path);
  line_ += '\n';
  return file_.write(line_);
}

}  // namespace caascan::dump
