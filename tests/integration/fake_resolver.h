// A recursive resolver on loopback for tests and benchmarks: answers by the leftmost label, forges
// on demand, and counts what each second saw.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "scanner/engine/endpoint.h"

namespace caascan::integration {

struct FakeResolverOptions {
  // Replies sent around each true one: wrong id, port, address, case, wrong question, no
  // question; all of them say SERVFAIL.
  bool forge = false;
};

// The leftmost label decides about CAA at that name; what lies above always answers well and empty.
//   sf…     SERVFAIL for CAA, other types well    drop…   never an answer to CAA
//   caa…    a CAA record                          tc…     truncated, a CAA record over TCP
//   others  empty, SOA of the last two labels in the authority section
class FakeResolver {
 public:
  // Binds 127.0.0.1 on a port that the kernel gives, UDP and TCP, and serves on a thread of its
  // own.
  explicit FakeResolver(FakeResolverOptions options = {});
  ~FakeResolver();
  FakeResolver(const FakeResolver&) = delete;
  FakeResolver& operator=(const FakeResolver&) = delete;

  [[nodiscard]] engine::Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] std::uint64_t queries() const { return queries_; }
  [[nodiscard]] std::uint64_t forged() const { return forged_; }
  // The most questions in any half-open window of one second, by arrival.
  [[nodiscard]] std::uint64_t busiest_second() const { return busiest_second_; }

 private:
  struct Impl;
  void serve();

  FakeResolverOptions options_;
  engine::Endpoint endpoint_;
  std::unique_ptr<Impl> impl_;
  std::atomic<std::uint64_t> queries_{0}, forged_{0}, busiest_second_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace caascan::integration
