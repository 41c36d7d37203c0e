// One float as a "vector": the portable twin of simd/avx2.h and simd/avx512.h, and their reference in tests.
// MulAdd is not fused here: a * b rounds before c is added.
//
// The names every simd/*.h provides, all inside the instruction set's own namespace (OURO_SIMD_NAMESPACE):
//   F, kLanes                        a vector of kLanes floats
//   Load(p) Store(p, v)              any alignment
//   LoadPartial(p, n) StorePartial(p, v, n)   0 <= n < kLanes; the other lanes are zero / left alone in
//   memory Set(x) Zero()                    every lane
//   + - * /  unary -                 lane by lane
//   MulAdd(a, b, c) = a * b + c      NegMulAdd(a, b, c) = c - a * b
//   Max(a, b) Min(a, b)              b where either is NaN, so Max(Set(lo), x) lets a NaN in x through
//   Sqrt(v) Abs(v) Round(v)          Round: to nearest, ties to even, |v| < 2^22
//   CopySign(magnitude, sign)        magnitude >= 0
//   ScaleByPowerOfTwo(v, n)          v * 2^n for integral -150 <= n <= 129, denormals and overflow as in IEEE
//   754 Greater(a, b) -> Mask            false where either is NaN Select(mask, yes, no) ReduceAdd(v)
//   ReduceMax(v)        across lanes, in a fixed order ReduceAddEach(rows)              lane i = sum of the
//   lanes of rows[i], i in [0, kLanes) TransposeTile(src, src_stride, dst, dst_stride)   kLanes x kLanes
//   floats, dst(j, i) = src(i, j)
// simd/exponential.h adds, from these: Exp(v) Sigmoid(v) Tanh(v); simd/wide.h adds Wide, a few vectors as
// one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define OURO_SIMD_NAMESPACE scalar

namespace ouroboros::scalar {

struct F {
  float v;
};
struct Mask {
  bool v;
};
constexpr std::size_t kLanes = 1;

inline F Load(const float* p) { return {*p}; }
inline void Store(float* p, F a) { *p = a.v; }
inline F LoadPartial(const float*, std::size_t) { return {0.0f}; }
inline void StorePartial(float*, F, std::size_t) {}
inline void Prefetch(const float*) {}
inline F Set(float x) { return {x}; }
inline F Zero() { return {0.0f}; }

inline F operator+(F a, F b) { return {a.v + b.v}; }
inline F operator-(F a, F b) { return {a.v - b.v}; }
inline F operator*(F a, F b) { return {a.v * b.v}; }
inline F operator/(F a, F b) { return {a.v / b.v}; }
inline F operator-(F a) { return {-a.v}; }
inline F MulAdd(F a, F b, F c) { return {a.v * b.v + c.v}; }
inline F NegMulAdd(F a, F b, F c) { return {c.v - a.v * b.v}; }
inline F Max(F a, F b) { return {a.v > b.v ? a.v : b.v}; }
inline F Min(F a, F b) { return {a.v < b.v ? a.v : b.v}; }
inline F Sqrt(F a) { return {std::sqrt(a.v)}; }
inline F Abs(F a) { return {std::fabs(a.v)}; }
inline F CopySign(F magnitude, F sign) { return {std::copysign(magnitude.v, sign.v)}; }

// Adding 1.5 * 2^23 pushes the fraction out of the mantissa.
inline F Round(F a) {
  constexpr float kShift = 12582912.0f;
  return {(a.v + kShift) - kShift};
}

// 2^n for integral -126 <= n <= 127; the low bits of n + 1.5 * 2^23 are n in two's complement, also for a
// NaN's harmless garbage, so nothing is converted to an integer out of range.
inline F PowerOfTwo(F n) {
  const float shifted = n.v + 12582912.0f;
  std::uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 127u) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof(power));
  return {power};
}

inline F ScaleByPowerOfTwo(F a, F n) {
  const F half = Round(n * Set(0.5f));
  return a * PowerOfTwo(half) * PowerOfTwo(n - half);
}

inline Mask Greater(F a, F b) { return {a.v > b.v}; }
inline F Select(Mask mask, F yes, F no) { return mask.v ? yes : no; }

inline float ReduceAdd(F a) { return a.v; }
inline float ReduceMax(F a) { return a.v; }
inline F ReduceAddEach(const F* rows) { return rows[0]; }
inline void TransposeTile(const float* src, std::size_t, float* dst, std::size_t) { *dst = *src; }

}  // namespace ouroboros::scalar

#include "kernels/simd/exponential.h"
#include "kernels/simd/wide.h"
