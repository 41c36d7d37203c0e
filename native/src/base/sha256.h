// SHA-256 (FIPS 180-4): identifies checkpoints and vocabularies by their bytes. Not meant for secrets.
//
// Thread safety: one object, one thread. Ownership: a value; Update keeps no reference to its input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/sha256_blocks.h"

namespace ouroboros {

class Sha256 {
 public:
  // By whichever inner loop is the fastest here, or that one: the digest is the same.
  explicit Sha256(Sha256Blocks blocks = BestSha256Blocks()) : blocks_(blocks) {}

  void Update(std::span<const std::byte> bytes);
  // The digest of everything so far, 64 lower-case hex digits. Call once, last.
  std::string Finish();

 private:
  static constexpr std::size_t kBlock = kSha256Block;

  Sha256Blocks blocks_;
  // FIPS 180-4, 5.3.3: the initial hash value.
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, kBlock> pending_ = {};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

// The digest of `bytes`, 64 lower-case hex digits.
std::string Sha256Hex(std::span<const std::byte> bytes);

}  // namespace ouroboros
