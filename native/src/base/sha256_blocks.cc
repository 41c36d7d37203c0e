#include "base/sha256_blocks.h"

#include <bit>

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ouroboros {
namespace {

std::uint32_t LoadBigEndian(const std::byte* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 8) | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

void Compress(std::uint32_t* state, const std::byte* block) {
  std::array<std::uint32_t, 64> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = LoadBigEndian(block + 4 * t);
  for (std::size_t t = 16; t < 64; ++t) {
    const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
    const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  std::uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (std::size_t t = 0; t < 64; ++t) {
    const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kSha256RoundConstants[t] + w[t];
    const std::uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> added = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

#if defined(__x86_64__) || defined(_M_X64)

// SHA, and SSSE3 and SSE4.1, which Sha256BlocksX86 uses too; every system saves their registers.
bool HasShaInstructions() {
  constexpr unsigned kSsse3AndSse41 = (1u << 9) | (1u << 19);  // leaf 1, ecx
  constexpr unsigned kSha = 1u << 29;                          // leaf 7, ebx
#if defined(_MSC_VER)
  int leaf[4];
  __cpuid(leaf, 0);
  if (leaf[0] < 7) return false;
  __cpuid(leaf, 1);
  const unsigned vectors = static_cast<unsigned>(leaf[2]);
  __cpuidex(leaf, 7, 0);
  const unsigned extensions = static_cast<unsigned>(leaf[1]);
#else
  unsigned a = 0, extensions = 0, vectors = 0, d = 0, other = 0;
  if (__get_cpuid(1, &a, &other, &vectors, &d) == 0) return false;
  if (__get_cpuid_count(7, 0, &a, &extensions, &other, &d) == 0) return false;
#endif
  return (vectors & kSsse3AndSse41) == kSsse3AndSse41 && (extensions & kSha) != 0;
}

#endif

}  // namespace

void Sha256BlocksPortable(std::uint32_t* state, const std::byte* blocks, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) Compress(state, blocks + i * kSha256Block);
}

Sha256Blocks BestSha256Blocks() {
#if defined(__x86_64__) || defined(_M_X64)
  static const bool has_instructions = HasShaInstructions();
  if (has_instructions) return Sha256BlocksX86;
#endif
  return Sha256BlocksPortable;
}

}  // namespace ouroboros
