// What NSEC and NSEC3 records prove, by the names and places of a zone.
#pragma once

#include <set>
#include <string>

#include "tests/sim/random_zones.h"
#include "tests/sim/zone_plan.h"

namespace caascan::sim::zones {

// What the records at some links prove of a name of the zone.
class Proofs {
 public:
  struct Found {
    ZoneState state = ZoneState::kBogus;
    bool perhaps = false;  // more than a proof needs, which may spoil it: bogus too
  };

  Proofs(const Plan& plan, const Links& links) : plan_(plan), links_(links) {}

  [[nodiscard]] Found nodata(const std::string& name, RecordType type) const;

  [[nodiscard]] Found name_error(const std::string& name, RecordType type) const;

  [[nodiscard]] Found closer(const std::string& name, const std::string& encloser) const;

  [[nodiscard]] Found ds(const std::string& name) const;

 private:
  [[nodiscard]] bool matches(const std::string& name) const;
  [[nodiscard]] bool covers(const std::string& name) const;
  [[nodiscard]] bool lacks(const std::string& name, RecordType type) const;
  [[nodiscard]] ZoneState opted_out(ZoneState otherwise) const;
  [[nodiscard]] const std::string& next_of(std::size_t link) const;
  [[nodiscard]] bool is_insecure_cut(const std::string& name) const;

  // An empty non-terminal has no record: that before it shows that there is something below.
  [[nodiscard]] bool shows_something_below(const std::string& name) const;

  // Above the name: the parents of wildcards that are shown not to have the type; `own` where by a
  // record of the wildcard itself. Unbound takes the record before a wildcard for one too, as if it
  // had no records of its own.
  struct Wildcards {
    std::set<std::string> parents;
    bool own = false;
  };
  [[nodiscard]] Wildcards wildcards(const std::string& name, RecordType type) const;

  [[nodiscard]] Found nodata_by_nsec(const std::string& name, RecordType type) const;

  [[nodiscard]] ZoneState ds_at(const std::string& name) const;

  [[nodiscard]] Found ds_by_nsec(const std::string& name) const;

  // kSecure: `encloser` is right above what does not exist.
  [[nodiscard]] ZoneState find_encloser(const std::string& name, std::string& encloser) const;

  [[nodiscard]] ZoneState nodata_by_nsec3(const std::string& name, RecordType type) const;

  [[nodiscard]] ZoneState name_error_by_nsec3(const std::string& name) const;

  const Plan& plan_;
  const Links& links_;
};

}  // namespace caascan::sim::zones
