// The names of a run on their way from ingest: counted, and held against those of earlier starts.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ingest/domain_name.h"
#include "ingest/text_digest.h"
#include "scanner/store/journal.h"

namespace caascan {

// A verdict is journaled under a number, so the same numbers must be the same names at each start.
// That is what the marks are for. One thread; both arguments are borrowed.
class NumberedNames {
 public:
  NumberedNames(JournalWriter& journal, std::span<const NamesMark> earlier)
      : journal_(journal), earlier_(earlier) {}

  // The next names, to be called before anybody else sees them. False where they are not those of
  // the earlier starts.
  [[nodiscard]] bool take(const std::vector<DomainName>& names) {
    for (const DomainName& name : names) {
      digest_.add(name.text());
      ++count_;
      if (compared_ == earlier_.size() || count_ != earlier_[compared_].names) continue;
      if (digest_.value() != earlier_[compared_++].digest) return false;
    }
    if (compared_ < earlier_.size() || names.empty() || count_ == last_mark()) return true;
    JournalBatch batch;
    batch.marks.push_back({count_, digest_.value()});
    journal_.submit(std::move(batch));
    return true;
  }
  // Once there are no more: whether all names of the earlier starts have come.
  [[nodiscard]] bool complete() const { return compared_ == earlier_.size(); }
  [[nodiscard]] NameNumber count() const { return count_; }

 private:
  [[nodiscard]] NameNumber last_mark() const {
    return earlier_.empty() ? 0 : earlier_.back().names;
  }

  JournalWriter& journal_;
  std::span<const NamesMark> earlier_;
  std::size_t compared_ = 0;
  TextDigest digest_;
  NameNumber count_ = 0;
};

}  // namespace caascan
