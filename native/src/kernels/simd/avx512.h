// Sixteen floats in an AVX-512 register (F, BW, VL, DQ). Names and their meaning: simd/scalar.h.
#pragma once

// GCC 12 warns about the deliberately undefined operands inside its own header (its bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cstddef>

// A file that is compiled for more than these defines a namespace of its own first.
#if !defined(OURO_SIMD_NAMESPACE)
#define OURO_SIMD_NAMESPACE avx512
#endif
#define OURO_SIMD_32_REGISTERS  // else 16

namespace ouroboros::OURO_SIMD_NAMESPACE {

struct F {
  __m512 v;
};
struct Mask {
  __mmask16 v;
};
constexpr std::size_t kLanes = 16;

inline __mmask16 FirstLanes(std::size_t n) { return static_cast<__mmask16>((1u << n) - 1u); }

inline F Load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void Store(float* p, F a) { _mm512_storeu_ps(p, a.v); }
inline F LoadPartial(const float* p, std::size_t n) { return {_mm512_maskz_loadu_ps(FirstLanes(n), p)}; }
inline void StorePartial(float* p, F a, std::size_t n) { _mm512_mask_storeu_ps(p, FirstLanes(n), a.v); }
inline void Prefetch(const float* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
inline F Set(float x) { return {_mm512_set1_ps(x)}; }
inline F Zero() { return {_mm512_setzero_ps()}; }

inline F operator+(F a, F b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F operator-(F a, F b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F operator*(F a, F b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F operator/(F a, F b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F operator-(F a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
inline F MulAdd(F a, F b, F c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F NegMulAdd(F a, F b, F c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
inline F Max(F a, F b) { return {_mm512_maskz_max_ps(0xffff, a.v, b.v)}; }
inline F Min(F a, F b) { return {_mm512_maskz_min_ps(0xffff, a.v, b.v)}; }
inline F Sqrt(F a) { return {_mm512_maskz_sqrt_ps(0xffff, a.v)}; }
inline F Abs(F a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
inline F CopySign(F magnitude, F sign) {
  return {_mm512_or_ps(magnitude.v, _mm512_and_ps(_mm512_set1_ps(-0.0f), sign.v))};
}
inline F Round(F a) {
  return {_mm512_maskz_roundscale_ps(0xffff, a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline F ScaleByPowerOfTwo(F a, F n) { return {_mm512_maskz_scalef_ps(0xffff, a.v, n.v)}; }

inline Mask Greater(F a, F b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
inline F Select(Mask mask, F yes, F no) { return {_mm512_mask_blend_ps(mask.v, no.v, yes.v)}; }

// Halves, quarters, then within 128 bits: the order does not depend on the compiler.
inline float ReduceAdd(F a) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

inline float ReduceMax(F a) {
  const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
  __m128 most = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  most = _mm_max_ps(most, _mm_movehl_ps(most, most));
  return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

// Sums of four vectors: within each 128-bit quarter, lane i holds rows[i]'s part.
inline __m512 AddQuarters(const F* rows) {
  const __m512 low =
      _mm512_add_ps(_mm512_unpacklo_ps(rows[0].v, rows[1].v), _mm512_unpackhi_ps(rows[0].v, rows[1].v));
  const __m512 high =
      _mm512_add_ps(_mm512_unpacklo_ps(rows[2].v, rows[3].v), _mm512_unpackhi_ps(rows[2].v, rows[3].v));
  return _mm512_add_ps(_mm512_shuffle_ps(low, high, 0x44), _mm512_shuffle_ps(low, high, 0xee));
}

inline __m512 AddPairs(__m512 first, __m512 second) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(first, second, 0x88), _mm512_shuffle_f32x4(first, second, 0xdd));
}

inline F ReduceAddEach(const F* rows) {
  const __m512 first = AddPairs(AddQuarters(rows), AddQuarters(rows + 4));
  const __m512 second = AddPairs(AddQuarters(rows + 8), AddQuarters(rows + 12));
  return {AddPairs(first, second)};
}

// Four rows, transposed within each 128-bit quarter: columns[c] holds (c, c + 4, c + 8, c + 12) of the four
// rows.
inline void TransposeQuarters(const float* src, std::size_t stride, __m512* columns) {
  const __m512 r0 = _mm512_loadu_ps(src);
  const __m512 r1 = _mm512_loadu_ps(src + stride);
  const __m512 r2 = _mm512_loadu_ps(src + 2 * stride);
  const __m512 r3 = _mm512_loadu_ps(src + 3 * stride);
  const __m512 low01 = _mm512_unpacklo_ps(r0, r1);
  const __m512 high01 = _mm512_unpackhi_ps(r0, r1);
  const __m512 low23 = _mm512_unpacklo_ps(r2, r3);
  const __m512 high23 = _mm512_unpackhi_ps(r2, r3);
  columns[0] = _mm512_shuffle_ps(low01, low23, 0x44);
  columns[1] = _mm512_shuffle_ps(low01, low23, 0xee);
  columns[2] = _mm512_shuffle_ps(high01, high23, 0x44);
  columns[3] = _mm512_shuffle_ps(high01, high23, 0xee);
}

inline void TransposeTile(const float* src, std::size_t src_stride, float* dst, std::size_t dst_stride) {
  __m512 columns[4][4];  // [rows 4q .. 4q + 3][c]
  for (std::size_t q = 0; q < 4; ++q) TransposeQuarters(src + 4 * q * src_stride, src_stride, columns[q]);
  for (std::size_t c = 0; c < 4; ++c) {
    const __m512 even01 = _mm512_shuffle_f32x4(columns[0][c], columns[1][c], 0x88);  // quarters 0, 2 of each
    const __m512 odd01 = _mm512_shuffle_f32x4(columns[0][c], columns[1][c], 0xdd);   // quarters 1, 3
    const __m512 even23 = _mm512_shuffle_f32x4(columns[2][c], columns[3][c], 0x88);
    const __m512 odd23 = _mm512_shuffle_f32x4(columns[2][c], columns[3][c], 0xdd);
    _mm512_storeu_ps(dst + c * dst_stride, _mm512_shuffle_f32x4(even01, even23, 0x88));
    _mm512_storeu_ps(dst + (c + 4) * dst_stride, _mm512_shuffle_f32x4(odd01, odd23, 0x88));
    _mm512_storeu_ps(dst + (c + 8) * dst_stride, _mm512_shuffle_f32x4(even01, even23, 0xdd));
    _mm512_storeu_ps(dst + (c + 12) * dst_stride, _mm512_shuffle_f32x4(odd01, odd23, 0xdd));
  }
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE

#include "kernels/simd/exponential.h"
#include "kernels/simd/wide.h"
