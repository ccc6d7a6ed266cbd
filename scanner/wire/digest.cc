#include "scanner/wire/digest.h"

#include <memory>

#include <openssl/evp.h>

#include "ingest/assert.h"

namespace caascan::wire {
namespace {

// A method is fetched once; its context is used again and again. One thread.
class Method {
 public:
  explicit Method(const char* name)
      : method_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    CAASCAN_ASSERT(method_ && context_);
  }

  // `digest` has the length that the method gives.
  void compute(Bytes data, Bytes more, std::uint8_t* digest) {
    EVP_MD_CTX* const context = context_.get();
    CAASCAN_ASSERT(EVP_DigestInit_ex2(context, method_.get(), nullptr) == 1 &&
                   EVP_DigestUpdate(context, data.data(), data.size()) == 1 &&
                   EVP_DigestUpdate(context, more.data(), more.size()) == 1 &&
                   EVP_DigestFinal_ex(context, digest, nullptr) == 1);
  }

 private:
  struct Deleter {
    void operator()(EVP_MD* method) const { EVP_MD_free(method); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD, Deleter> method_;
  std::unique_ptr<EVP_MD_CTX, Deleter> context_;
};

}  // namespace

Sha1 sha1(Bytes data, Bytes more) {
  thread_local Method method("SHA1");
  Sha1 digest{};
  method.compute(data, more, digest.data());
  return digest;
}

Sha256 sha256(Bytes data) {
  thread_local Method method("SHA256");
  Sha256 digest{};
  method.compute(data, {}, digest.data());
  return digest;
}

}  // namespace caascan::wire
