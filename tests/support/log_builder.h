// Log entries, in the forms in which logs hand them out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificate_builder.h"

namespace caascan::test {

// What a log keeps of one submission.
struct LogSubmission {
  std::uint64_t timestamp_ms = 1'700'000'000'000;
  std::uint16_t entry_type = 0;  // 0 x509_entry, 1 precert_entry
  std::string certificate;       // DER Certificate, or TBSCertificate
  std::string precertificate;    // DER as submitted, where entry_type is 1
  std::string issuer_key_hash;   // 32 octets, where entry_type is 1
  std::vector<std::string> chain;
};

[[nodiscard]] LogSubmission final_entry(const CertificateAuthority& authority,
                                        const CertificateSpec& spec);
[[nodiscard]] LogSubmission precert_entry(const CertificateAuthority& authority,
                                          const CertificateSpec& spec);

// MerkleTreeLeaf and extra_data of RFC 6962 §3.4, §4.6.
[[nodiscard]] std::string merkle_tree_leaf(const LogSubmission& submission);
[[nodiscard]] std::string extra_data(const LogSubmission& submission);
// TileLeaf of static-ct-api, with a leaf index.
[[nodiscard]] std::string tile_leaf(const LogSubmission& submission, std::uint64_t index);
[[nodiscard]] std::string data_tile(const std::vector<LogSubmission>& submissions,
                                    std::uint64_t first_index = 0);

[[nodiscard]] std::string base64(std::string_view bytes);
// `{"leaf_input":…,"extra_data":…}`
[[nodiscard]] std::string entry_json(const LogSubmission& submission);
// `{"entries":[…]}` without white space, as Go servers write it.
[[nodiscard]] std::string get_entries_json(const std::vector<LogSubmission>& submissions);

}  // namespace caascan::test
