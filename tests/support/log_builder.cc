#include "tests/support/log_builder.h"

#include <openssl/evp.h>

#include "tests/support/der_builder.h"

namespace caascan::test {
namespace {

std::string vector24(std::string_view bytes) {
  return big_endian(bytes.size(), 3) + std::string(bytes);
}

std::string timestamped_entry(const LogSubmission& submission, std::string_view extensions) {
  std::string out = big_endian(submission.timestamp_ms, 8) + big_endian(submission.entry_type, 2);
  if (submission.entry_type == 1) out += submission.issuer_key_hash;
  out += vector24(submission.certificate);
  out += big_endian(extensions.size(), 2);
  out += extensions;
  return out;
}

}  // namespace

LogSubmission final_entry(const CertificateAuthority& authority, const CertificateSpec& spec) {
  LogSubmission submission;
  submission.certificate = authority.certificate(spec);
  submission.chain = {authority.issuer_certificate()};
  return submission;
}

LogSubmission precert_entry(const CertificateAuthority& authority, const CertificateSpec& spec) {
  LogSubmission submission;
  submission.entry_type = 1;
  submission.certificate = authority.tbs_certificate(spec);
  submission.precertificate = authority.precertificate(spec);
  submission.issuer_key_hash = authority.key_hash();
  submission.chain = {authority.issuer_certificate()};
  return submission;
}

std::string merkle_tree_leaf(const LogSubmission& submission) {
  return std::string(2, '\0') + timestamped_entry(submission, {});
}

std::string extra_data(const LogSubmission& submission) {
  std::string chain;
  for (const std::string& certificate : submission.chain) chain += vector24(certificate);
  std::string out;
  if (submission.entry_type == 1) out = vector24(submission.precertificate);
  return out + vector24(chain);
}

std::string tile_leaf(const LogSubmission& submission, std::uint64_t index) {
  const std::string leaf_index = std::string(1, '\0') + big_endian(5, 2) + big_endian(index, 5);
  std::string out = timestamped_entry(submission, leaf_index);
  if (submission.entry_type == 1) out += vector24(submission.precertificate);
  out += big_endian(submission.chain.size() * 32, 2);
  for (const std::string& certificate : submission.chain) out += sha256(certificate);
  return out;
}

std::string data_tile(const std::vector<LogSubmission>& submissions, std::uint64_t first_index) {
  std::string out;
  for (const LogSubmission& submission : submissions) out += tile_leaf(submission, first_index++);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string entry_json(const LogSubmission& submission) {
  return R"({"leaf_input":")" + base64(merkle_tree_leaf(submission)) + R"(","extra_data":")" +
         base64(extra_data(submission)) + R"("})";
}

std::string get_entries_json(const std::vector<LogSubmission>& submissions) {
  std::string out = R"({"entries":[)";
  for (const LogSubmission& submission : submissions) {
    if (out.ends_with('}')) out += ',';
    out += entry_json(submission);
  }
  return out + "]}";
}

}  // namespace caascan::test
