// Integers for packed products in AVX2 registers. Names and their meaning:
// simd/int_scalar.h.
#pragma once

#include <cstring>

#include "kernels/simd/avx2.h"

namespace ouroboros::avx2 {

struct I {
  __m256i v;
};

inline I LoadBytes(const std::byte* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
inline I LoadInt(const std::int32_t* p) { return {_mm256_set1_epi32(*p)}; }
inline void PrefetchFar(const std::byte* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1); }
inline I LoadFour(const std::int8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, 4);
  return {_mm256_set1_epi32(four)};
}
constexpr std::int32_t kQ8Zero = 128;
inline I Q8Bytes(I w) { return w; }
// Pairs of products of full bytes do not fit 16 bits (2 * 255 * 127), so even and odd bytes are widened
// apart.
inline I AddDots(I sum, I w, I x) {
  const __m256i low = _mm256_set1_epi16(0x00ff);
  const __m256i w_even = _mm256_and_si256(w.v, low);
  const __m256i w_odd = _mm256_srli_epi16(w.v, 8);
  const __m256i x_even = _mm256_srai_epi16(_mm256_slli_epi16(x.v, 8), 8);
  const __m256i x_odd = _mm256_srai_epi16(x.v, 8);
  const __m256i even = _mm256_madd_epi16(w_even, x_even);
  const __m256i odd = _mm256_madd_epi16(w_odd, x_odd);
  return {_mm256_add_epi32(sum.v, _mm256_add_epi32(even, odd))};
}
inline I LowHalves(I w) { return {_mm256_and_si256(w.v, _mm256_set1_epi8(15))}; }
inline I HighHalves(I w) { return {_mm256_and_si256(_mm256_srli_epi16(w.v, 4), _mm256_set1_epi8(15))}; }
inline F ToFloats(I i) { return {_mm256_cvtepi32_ps(i.v)}; }
inline F LoadHalves(const std::uint16_t* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline F Bf16Low(I w) { return {_mm256_castsi256_ps(_mm256_slli_epi32(w.v, 16))}; }
inline F Bf16High(I w) {
  return {_mm256_castsi256_ps(_mm256_and_si256(w.v, _mm256_set1_epi32(static_cast<int>(0xffff0000u))))};
}
inline void StoreRounded(std::int8_t* p, F v) {
  const __m256i words = _mm256_cvtps_epi32(v.v);
  const __m128i halves = _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(halves, halves));
}

}  // namespace ouroboros::avx2
