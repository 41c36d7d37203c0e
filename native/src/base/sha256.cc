#include "base/sha256.h"

#include <algorithm>

namespace ouroboros {

void Sha256::Update(std::span<const std::byte> bytes) {
  total_ += bytes.size();
  if (pending_size_ > 0) {
    const std::size_t taken = std::min(kBlock - pending_size_, bytes.size());
    std::copy_n(bytes.begin(), taken, pending_.begin() + static_cast<std::ptrdiff_t>(pending_size_));
    pending_size_ += taken;
    bytes = bytes.subspan(taken);
    if (pending_size_ < kBlock) return;
    blocks_(state_.data(), pending_.data(), 1);
    pending_size_ = 0;
  }
  const std::size_t whole = bytes.size() / kBlock;
  if (whole > 0) blocks_(state_.data(), bytes.data(), whole);
  bytes = bytes.subspan(whole * kBlock);
  std::copy(bytes.begin(), bytes.end(), pending_.begin());
  pending_size_ = bytes.size();
}

// FIPS 180-4, 5.1.1: a one bit, zeros, the length in bits as 64 bits.
std::string Sha256::Finish() {
  const std::uint64_t bits = total_ * 8;
  std::array<std::byte, 2 * kBlock> padding = {};
  padding[0] = std::byte{0x80};
  const std::size_t zeros_end = (pending_size_ < kBlock - 8 ? kBlock : 2 * kBlock) - 8 - pending_size_;
  for (std::size_t i = 0; i < 8; ++i) padding[zeros_end + i] = static_cast<std::byte>(bits >> (56 - 8 * i));
  Update(std::span(padding).first(zeros_end + 8));

  constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(64);
  for (const std::uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) hex.push_back(kHex[(word >> shift) & 15]);
  }
  return hex;
}

std::string Sha256Hex(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

}  // namespace ouroboros
