// Eight floats in an AVX2 register, with FMA. Names and their meaning: simd/scalar.h.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define OURO_SIMD_NAMESPACE avx2

namespace ouroboros::avx2 {

struct F {
  __m256 v;
};
struct Mask {
  __m256 v;
};
constexpr std::size_t kLanes = 8;

inline __m256i FirstLanes(std::size_t n) {
  alignas(64) static constexpr std::int32_t kOnesThenZeros[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kOnesThenZeros + kLanes - n));
}

inline F Load(const float* p) { return {_mm256_loadu_ps(p)}; }
inline void Store(float* p, F a) { _mm256_storeu_ps(p, a.v); }
inline F LoadPartial(const float* p, std::size_t n) { return {_mm256_maskload_ps(p, FirstLanes(n))}; }
inline void StorePartial(float* p, F a, std::size_t n) { _mm256_maskstore_ps(p, FirstLanes(n), a.v); }
inline void Prefetch(const float* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }
inline F Set(float x) { return {_mm256_set1_ps(x)}; }
inline F Zero() { return {_mm256_setzero_ps()}; }

inline F operator+(F a, F b) { return {_mm256_add_ps(a.v, b.v)}; }
inline F operator-(F a, F b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline F operator*(F a, F b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline F operator/(F a, F b) { return {_mm256_div_ps(a.v, b.v)}; }
inline F operator-(F a) { return {_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))}; }
inline F MulAdd(F a, F b, F c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline F NegMulAdd(F a, F b, F c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }
inline F Max(F a, F b) { return {_mm256_max_ps(a.v, b.v)}; }
inline F Min(F a, F b) { return {_mm256_min_ps(a.v, b.v)}; }
inline F Sqrt(F a) { return {_mm256_sqrt_ps(a.v)}; }
inline F Abs(F a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
inline F CopySign(F magnitude, F sign) {
  return {_mm256_or_ps(magnitude.v, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign.v))};
}
inline F Round(F a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }

// 2^n for integral -126 <= n <= 127.
inline F PowerOfTwo(F n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(biased, 23))};
}

inline F ScaleByPowerOfTwo(F a, F n) {
  const F half = Round(n * Set(0.5f));
  return a * PowerOfTwo(half) * PowerOfTwo(n - half);
}

inline Mask Greater(F a, F b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)}; }
inline F Select(Mask mask, F yes, F no) { return {_mm256_blendv_ps(no.v, yes.v, mask.v)}; }

inline float ReduceAdd(F a) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

inline float ReduceMax(F a) {
  __m128 most = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  most = _mm_max_ps(most, _mm_movehl_ps(most, most));
  return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

// Sums of four vectors: within each 128-bit half, lane i holds rows[i]'s part.
inline __m256 AddQuarters(const F* rows) {
  const __m256 low =
      _mm256_add_ps(_mm256_unpacklo_ps(rows[0].v, rows[1].v), _mm256_unpackhi_ps(rows[0].v, rows[1].v));
  const __m256 high =
      _mm256_add_ps(_mm256_unpacklo_ps(rows[2].v, rows[3].v), _mm256_unpackhi_ps(rows[2].v, rows[3].v));
  return _mm256_add_ps(_mm256_shuffle_ps(low, high, 0x44), _mm256_shuffle_ps(low, high, 0xee));
}

inline F ReduceAddEach(const F* rows) {
  const __m256 first = AddQuarters(rows);
  const __m256 second = AddQuarters(rows + 4);
  return {_mm256_add_ps(_mm256_permute2f128_ps(first, second, 0x20),
                        _mm256_permute2f128_ps(first, second, 0x31))};
}

// Four rows, transposed within each 128-bit half: columns[c] holds (c, c + 4) of the four rows.
inline void TransposeQuarters(const float* src, std::size_t stride, __m256* columns) {
  const __m256 r0 = _mm256_loadu_ps(src);
  const __m256 r1 = _mm256_loadu_ps(src + stride);
  const __m256 r2 = _mm256_loadu_ps(src + 2 * stride);
  const __m256 r3 = _mm256_loadu_ps(src + 3 * stride);
  const __m256 low01 = _mm256_unpacklo_ps(r0, r1);
  const __m256 high01 = _mm256_unpackhi_ps(r0, r1);
  const __m256 low23 = _mm256_unpacklo_ps(r2, r3);
  const __m256 high23 = _mm256_unpackhi_ps(r2, r3);
  columns[0] = _mm256_shuffle_ps(low01, low23, 0x44);
  columns[1] = _mm256_shuffle_ps(low01, low23, 0xee);
  columns[2] = _mm256_shuffle_ps(high01, high23, 0x44);
  columns[3] = _mm256_shuffle_ps(high01, high23, 0xee);
}

inline void TransposeTile(const float* src, std::size_t src_stride, float* dst, std::size_t dst_stride) {
  __m256 top[4];
  __m256 bottom[4];
  TransposeQuarters(src, src_stride, top);
  TransposeQuarters(src + 4 * src_stride, src_stride, bottom);
  for (std::size_t c = 0; c < 4; ++c) {
    _mm256_storeu_ps(dst + c * dst_stride, _mm256_permute2f128_ps(top[c], bottom[c], 0x20));
    _mm256_storeu_ps(dst + (c + 4) * dst_stride, _mm256_permute2f128_ps(top[c], bottom[c], 0x31));
  }
}

}  // namespace ouroboros::avx2

#include "kernels/simd/exponential.h"
#include "kernels/simd/wide.h"
