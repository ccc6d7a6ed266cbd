// From the paths on the command line to the files to read.
#pragma once

#include <cstdint>
#include <string>

namespace caascan::dump {

class WalkVisitor {
 public:
  WalkVisitor() = default;
  WalkVisitor(const WalkVisitor&) = delete;
  WalkVisitor& operator=(const WalkVisitor&) = delete;
  virtual ~WalkVisitor() = default;

  // A file to read, `size` 0 where it has none (pipes). Returns whether it was read without damage.
  virtual bool on_file(const std::string& path, std::uint64_t size) = 0;
  // A partial tile that need not be read, as a fuller one has all its entries.
  virtual void on_lesser_tile(const std::string& path) = 0;
  virtual void on_walk_damage(const std::string& path, std::string what) = 0;
  [[nodiscard]] virtual bool stopped() const = 0;
};

// Visits `path`, or everything below it in bytewise order; links are followed, but not in a circle.
// Of the partial tiles `N.p/W` of static-ct-api ("Partial Tiles") the fullest is visited, and none
// where the full tile `N` lies beside them, is not empty and was read without damage. One folder's
// names are held in memory at a time, for each level.
void walk_input(const std::string& path, WalkVisitor& visitor);

}  // namespace caascan::dump
