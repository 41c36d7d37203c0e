// Integers for packed products in AVX-512 registers, with VNNI's dot product where the including file says
// that it may (OURO_SIMD_VNNI). Names and their meaning: simd/int_scalar.h.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/simd/avx512.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

struct I {
  __m512i v;
};

inline I LoadBytes(const std::byte* p) { return {_mm512_loadu_si512(p)}; }
inline I LoadInt(const std::int32_t* p) { return {_mm512_set1_epi32(*p)}; }
inline void PrefetchFar(const std::byte* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1); }
inline I LoadFour(const std::int8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, 4);
  return {_mm512_set1_epi32(four)};
}
constexpr std::int32_t kQ8Zero = 128;
inline I Q8Bytes(I w) { return w; }
#if defined(OURO_SIMD_VNNI)
inline I AddDots(I sum, I w, I x) { return {_mm512_dpbusd_epi32(sum.v, w.v, x.v)}; }
#else
// Pairs of products of full bytes do not fit 16 bits (2 * 255 * 127), so even and odd bytes are widened
// apart.
inline I AddDots(I sum, I w, I x) {
  const __m512i w_even = _mm512_and_si512(w.v, _mm512_set1_epi16(0x00ff));
  const __m512i w_odd = _mm512_srli_epi16(w.v, 8);
  const __m512i x_even = _mm512_srai_epi16(_mm512_slli_epi16(x.v, 8), 8);
  const __m512i x_odd = _mm512_srai_epi16(x.v, 8);
  const __m512i even = _mm512_madd_epi16(w_even, x_even);
  const __m512i odd = _mm512_madd_epi16(w_odd, x_odd);
  return {_mm512_add_epi32(sum.v, _mm512_add_epi32(even, odd))};
}
#endif
inline I LowHalves(I w) { return {_mm512_and_si512(w.v, _mm512_set1_epi32(0x0f0f0f0f))}; }
inline I HighHalves(I w) {
  return {_mm512_and_si512(_mm512_maskz_srli_epi32(0xffff, w.v, 4), _mm512_set1_epi32(0x0f0f0f0f))};
}
inline F ToFloats(I i) { return {_mm512_maskz_cvtepi32_ps(0xffff, i.v)}; }
inline F LoadHalves(const std::uint16_t* p) {
  return {_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline F Bf16Low(I w) { return {_mm512_castsi512_ps(_mm512_maskz_slli_epi32(0xffff, w.v, 16))}; }
inline F Bf16High(I w) {
  return {_mm512_castsi512_ps(_mm512_and_si512(w.v, _mm512_set1_epi32(static_cast<int>(0xffff0000u))))};
}
inline void StoreRounded(std::int8_t* p, F v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                   _mm512_maskz_cvtepi32_epi8(0xffff, _mm512_maskz_cvtps_epi32(0xffff, v.v)));
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
