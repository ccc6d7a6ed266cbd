// What a run has come to, as far as a later start of it must know it. Plain values, made by the
// engine, kept by the journal (scanner/store/journal.h) and given back to another engine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/domain_name.h"
#include "scanner/finding.h"

namespace caascan {

// Names of a run are numbered from 0 in the order in which ingest hands them out, which is the same
// at each start.
using NameNumber = std::uint64_t;
struct NumberedName {
  NameNumber number = 0;
  DomainName name;
};

// A name that has its verdict.
struct EndedName {
  NameNumber number = 0;
  Outcome outcome = Outcome::kEmpty;

  friend bool operator==(const EndedName&, const EndedName&) = default;
};

// A name that has failed and waits for its next round. Names that come from DNS are in uncompressed
// wire form (RFC 1035 §3.1), since they may hold any octets.
struct FailedName {
  NameNumber number = 0;
  DomainName name;
  std::uint8_t round = 0;        // the one that failed; to be repeated where it was void
  bool round_void = false;       // it counts for nobody
  std::uint8_t rounds_void = 0;  // so far
  std::int64_t due_unix_ms = 0;  // when the next round may begin
  Cause cause = Cause::kNone;    // none where each round was void
  std::string label;             // at which the climb failed
  std::string zone;              // the root where it is not known
  std::string alias_target;      // the root where there is none
  std::string insecure_at;       // likewise
  std::string inferred_from;     // the root where the first pass has asked for the name itself
  std::string first_nameserver;  // the root where none is known
  std::vector<std::string> nameservers;
  Security security = Security::kNotChecked;
  BogusKind bogus = BogusKind::kNone;
  bool nsec = false;  // the denial was of NSEC records
  bool version_dependent = false;
  std::vector<std::int64_t> observed_unix_ms;  // end of each round that counts
  std::vector<Attempt> attempts;

  friend bool operator==(const FailedName&, const FailedName&) = default;
};

// A name that a server answered well: what it is held against when it refuses others.
struct AliveName {
  std::string nameserver;  // wire form, as the name
  std::string name;

  friend bool operator==(const AliveName&, const AliveName&) = default;
};

}  // namespace caascan
