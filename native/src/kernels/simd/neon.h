// Four floats in a NEON register of a 64-bit ARM. Names and their meaning: simd/scalar.h.
#pragma once

#include <arm_neon.h>

#include <cstddef>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

// A file that is compiled for more than these defines a namespace of its own first.
#if !defined(OURO_SIMD_NAMESPACE)
#define OURO_SIMD_NAMESPACE neon
#endif
#define OURO_SIMD_32_REGISTERS  // else 16

namespace ouroboros::OURO_SIMD_NAMESPACE {

struct F {
  float32x4_t v;
};
struct Mask {
  uint32x4_t v;
};
constexpr std::size_t kLanes = 4;

inline F Load(const float* p) { return {vld1q_f32(p)}; }
inline void Store(float* p, F a) { vst1q_f32(p, a.v); }

// There are no masked loads: two lanes, then one.
inline F LoadPartial(const float* p, std::size_t n) {
  const float32x2_t none = vdup_n_f32(0.0f);
  const float32x2_t low = (n & 2) != 0 ? vld1_f32(p) : none;
  if ((n & 1) == 0) return {vcombine_f32(low, none)};
  const float32x2_t last = vld1_lane_f32(p + (n & 2), none, 0);
  return {(n & 2) != 0 ? vcombine_f32(low, last) : vcombine_f32(last, none)};
}
inline void StorePartial(float* p, F a, std::size_t n) {
  if ((n & 2) != 0) {
    vst1_f32(p, vget_low_f32(a.v));
    if ((n & 1) != 0) vst1q_lane_f32(p + 2, a.v, 2);
  } else if ((n & 1) != 0) {
    vst1q_lane_f32(p, a.v, 0);
  }
}
#if defined(_MSC_VER)
inline void Prefetch(const float* p) { __prefetch(p); }
#else
inline void Prefetch(const float* p) { __builtin_prefetch(p); }
#endif
inline F Set(float x) { return {vdupq_n_f32(x)}; }
inline F Zero() { return Set(0.0f); }

inline F operator+(F a, F b) { return {vaddq_f32(a.v, b.v)}; }
inline F operator-(F a, F b) { return {vsubq_f32(a.v, b.v)}; }
inline F operator*(F a, F b) { return {vmulq_f32(a.v, b.v)}; }
inline F operator/(F a, F b) { return {vdivq_f32(a.v, b.v)}; }
inline F operator-(F a) { return {vnegq_f32(a.v)}; }
inline F MulAdd(F a, F b, F c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
inline F NegMulAdd(F a, F b, F c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
// Not vmaxq and vminq, which give NaN where only a is one.
inline F Max(F a, F b) { return {vbslq_f32(vcgtq_f32(a.v, b.v), a.v, b.v)}; }
inline F Min(F a, F b) { return {vbslq_f32(vcltq_f32(a.v, b.v), a.v, b.v)}; }
inline F Sqrt(F a) { return {vsqrtq_f32(a.v)}; }
inline F Abs(F a) { return {vabsq_f32(a.v)}; }
inline F CopySign(F magnitude, F sign) { return {vbslq_f32(vdupq_n_u32(0x80000000u), sign.v, magnitude.v)}; }
inline F Round(F a) { return {vrndnq_f32(a.v)}; }

// 2^n for integral -126 <= n <= 127.
inline F PowerOfTwo(F n) {
  const int32x4_t biased = vaddq_s32(vcvtq_s32_f32(n.v), vdupq_n_s32(127));
  return {vreinterpretq_f32_s32(vshlq_n_s32(biased, 23))};
}

inline F ScaleByPowerOfTwo(F a, F n) {
  const F half = Round(n * Set(0.5f));
  return a * PowerOfTwo(half) * PowerOfTwo(n - half);
}

inline Mask Greater(F a, F b) { return {vcgtq_f32(a.v, b.v)}; }
inline F Select(Mask mask, F yes, F no) { return {vbslq_f32(mask.v, yes.v, no.v)}; }

inline float ReduceAdd(F a) { return vaddvq_f32(a.v); }
inline float ReduceMax(F a) { return vmaxvq_f32(a.v); }
inline F ReduceAddEach(const F* rows) {
  return {vpaddq_f32(vpaddq_f32(rows[0].v, rows[1].v), vpaddq_f32(rows[2].v, rows[3].v))};
}

// Lanes 0 and 1, or 2 and 3, of two vectors side by side.
inline float32x4_t LowHalves(float32x4_t a, float32x4_t b) {
  return vcombine_f32(vget_low_f32(a), vget_low_f32(b));
}
inline float32x4_t HighHalves(float32x4_t a, float32x4_t b) {
  return vcombine_f32(vget_high_f32(a), vget_high_f32(b));
}

inline void TransposeTile(const float* src, std::size_t src_stride, float* dst, std::size_t dst_stride) {
  const float32x4x2_t top = vtrnq_f32(vld1q_f32(src), vld1q_f32(src + src_stride));
  const float32x4x2_t bottom = vtrnq_f32(vld1q_f32(src + 2 * src_stride), vld1q_f32(src + 3 * src_stride));
  vst1q_f32(dst, LowHalves(top.val[0], bottom.val[0]));
  vst1q_f32(dst + dst_stride, LowHalves(top.val[1], bottom.val[1]));
  vst1q_f32(dst + 2 * dst_stride, HighHalves(top.val[0], bottom.val[0]));
  vst1q_f32(dst + 3 * dst_stride, HighHalves(top.val[1], bottom.val[1]));
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE

#include "kernels/simd/exponential.h"
#include "kernels/simd/wide.h"
