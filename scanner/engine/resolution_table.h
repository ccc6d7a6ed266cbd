// Every question that is being resolved or has been: equal questions share one resolution (single
// flight), ended ones are reused until their time or until the byte budget needs their room. Of
// good answers about names only what a climb needs is kept (known_answers.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "scanner/engine/known_answers.h"
#include "scanner/engine/recency.h"
#include "scanner/engine/resolution.h"

namespace caascan::engine {

// A failure is reused this long at most (RFC 9520 §3.2 asks for caching, and allows up to five
// minutes).
inline constexpr Duration kFailureTtl = std::chrono::minutes(5);

// Indices are handed out and stay valid until the resolution has ended and been delivered. One
// thread.
class ResolutionTable {
 public:
  struct Asked {
    std::uint32_t index = 0;
    bool is_new = false;  // the caller starts it
  };
  // What one kept answer costs with its question, map node and links, and a delegation that nobody
  // else keeps; names are short.
  static constexpr std::size_t kEntryBytes = 1024;

  // `keep_whole`: good answers about names too, with all that was found; for traces.
  explicit ResolutionTable(std::size_t bytes_max, bool keep_whole = false)
      : keep_whole_(keep_whole),
        bytes_max_(keep_whole ? bytes_max : bytes_max - bytes_max / 4),
        known_(keep_whole ? 0 : bytes_max / 4) {}

  // Joins the resolution of `question`, or makes a new one where what is there is not fresh enough.
  // A question under way that was asked before `fresh.after` is not joined either. The answer about
  // a name that is used again is told without zone and delegation.
  Asked ask(const Question& question, Freshness fresh, Waiter waiter, Instant now);
  [[nodiscard]] Resolution& resolution(std::uint32_t index) { return entries_[index].resolution; }
  [[nodiscard]] const Question& question(std::uint32_t index) const {
    return entries_[index].question;
  }
  [[nodiscard]] const std::vector<Waiter>& waiters(std::uint32_t index) const {
    return entries_[index].waiters;
  }
  // An answer to it is about to come: its memory may be fetched.
  void prepare(std::uint32_t index) const {
    constexpr std::size_t kLineOctets = 64;
    const auto* entry = reinterpret_cast<const char*>(&entries_[index]);
    for (std::size_t at = 0; at < sizeof(Entry); at += kLineOctets) __builtin_prefetch(entry + at);
  }
  // A good answer that is still usable, as fresh as asked for; null otherwise. Nobody waits for it,
  // but it counts as a use.
  [[nodiscard]] const Resolution* use(const Question& question, Freshness fresh, Instant now);

  // Ends a resolution: everybody who waits for it will be told.
  void finish(std::uint32_t index, Instant now);
  // Takes back one that has not ended and that nobody internal waits for, and says who waited.
  [[nodiscard]] std::vector<Waiter> withdraw(std::uint32_t index);
  using Teller =
      std::function<void(std::uint32_t index, Waiter, const Question&, const Resolution&)>;
  // Calls `tell` for each waiter of every resolution that has ended. `tell` may ask and finish.
  void deliver(const Teller& tell);
  [[nodiscard]] bool has_deliveries() const { return told_ < completed_.size(); }
  [[nodiscard]] std::size_t under_way() const { return under_way_; }

 private:
  struct Entry {
    Question question;
    Resolution resolution;
    std::vector<Waiter> waiters;
    std::uint32_t pins = 0;  // deliveries under way
    bool used = false;
    bool done = false;
    bool cached = false;  // in by_question_
    RecencyLinks links;
  };
  struct Completed {
    std::uint32_t index;
    Waiter waiter;
  };
  [[nodiscard]] static bool usable(const Entry& entry, Freshness fresh, Instant now);
  [[nodiscard]] bool is_kept_short(const Question& question) const {
    return !keep_whole_ && question.type == wire::RecordType::kCaa &&
           question.purpose == Purpose::kVerdict;
  }
  std::uint32_t make(const Question& question);
  void drop(std::uint32_t index);
  void free_if_unused(std::uint32_t index);
  // Ended ones, by last use: what has become of names, and what finds and proves servers. The first
  // are as many as there are names that fail (and, for traces, as names), and few are used again;
  // they must not drive out the others.
  RecencyList& kept_with(const Question& question) {
    return question.type == wire::RecordType::kCaa ? of_names_ : of_servers_;
  }
  [[nodiscard]] auto links() {
    return [this](std::uint32_t index) -> RecencyLinks& { return entries_[index].links; };
  }
  void keep(std::uint32_t index) { kept_with(question(index)).add_newest(index, links()); }
  void unlink(std::uint32_t index) { kept_with(question(index)).remove(index, links()); }
  void touch(std::uint32_t index) {
    unlink(index);
    keep(index);
  }

  bool keep_whole_;
  std::size_t bytes_max_;
  KnownAnswers known_;
  std::deque<Entry> entries_;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<Question, std::uint32_t, QuestionHash> by_question_;
  std::vector<Completed> completed_;  // the first `told_` of them have been told
  std::size_t told_ = 0;
  RecencyList of_names_, of_servers_;
  std::size_t under_way_ = 0;
};

}  // namespace caascan::engine
