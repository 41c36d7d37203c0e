#include "sha256_check.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/sha256.h"

namespace ouroboros::check {
namespace {

constexpr std::size_t kLengthsMax = 5 * kSha256Block;
constexpr std::size_t kShiftsMax = 16;

struct KnownDigest {
  std::string_view text;
  std::size_t times;
  const char* digest;
};
// NIST, "Example Values": SHA-256 of no, one and two blocks; FIPS 180-2, B.3: of a million letters.
constexpr KnownDigest kKnown[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};

std::string DigestOf(Sha256Blocks blocks, std::span<const std::byte> bytes) {
  Sha256 hash(blocks);
  hash.Update(bytes);
  return hash.Finish();
}

std::size_t KnownDigestsMissed(Sha256Blocks blocks, const char* name) {
  std::size_t failed = 0;
  for (const KnownDigest& known : kKnown) {
    std::string text;
    for (std::size_t i = 0; i < known.times; ++i) text += known.text;
    if (DigestOf(blocks, std::as_bytes(std::span(text))) == known.digest) continue;
    std::printf("FAILED sha256, %s: %zu bytes of a known digest\n", name, text.size());
    ++failed;
  }
  return failed;
}

}  // namespace

std::size_t CheckSha256() {
  const Sha256Blocks best = BestSha256Blocks();
  std::size_t failed =
      KnownDigestsMissed(Sha256BlocksPortable, "portable") + KnownDigestsMissed(best, "this processor's");
  std::vector<std::byte> bytes(kLengthsMax + kShiftsMax);
  Random random(1);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random.Next() & 255u); });
  for (std::size_t length = 0; length <= kLengthsMax; ++length) {
    const std::span<const std::byte> part = std::span(bytes).subspan(length % kShiftsMax, length);
    if (DigestOf(best, part) == DigestOf(Sha256BlocksPortable, part)) continue;
    std::printf("FAILED sha256: %zu bytes have another digest than by the portable way\n", length);
    ++failed;
  }
  return failed;
}

}  // namespace ouroboros::check
