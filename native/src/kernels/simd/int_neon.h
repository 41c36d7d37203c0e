// Integers for packed products in NEON registers, with the dot products of later processors where the
// including file says that it may (OURO_SIMD_DOT). After simd/neon.h. Names and their meaning:
// simd/int_scalar.h.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/simd/neon.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

struct I {
  int32x4_t v;
};

inline I LoadBytes(const std::byte* p) {
  return {vreinterpretq_s32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)))};
}
inline I LoadInt(const std::int32_t* p) { return {vld1q_dup_s32(p)}; }
inline void PrefetchFar(const std::byte* p) { __builtin_prefetch(p, 0, 2); }
inline I LoadFour(const std::int8_t* p) {
  std::int32_t four;
  std::memcpy(&four, p, 4);
  return {vdupq_n_s32(four)};
}
// Both ways to multiply take signed bytes.
constexpr std::int32_t kQ8Zero = 0;
inline I Q8Bytes(I w) { return {veorq_s32(w.v, vdupq_n_s32(static_cast<std::int32_t>(0x80808080u)))}; }
#if defined(OURO_SIMD_DOT)
inline I AddDots(I sum, I w, I x) {
  return {vdotq_s32(sum.v, vreinterpretq_s8_s32(w.v), vreinterpretq_s8_s32(x.v))};
}
#else
inline I AddDots(I sum, I w, I x) {
  const int8x16_t weights = vreinterpretq_s8_s32(w.v), values = vreinterpretq_s8_s32(x.v);
  const int16x8_t low = vmull_s8(vget_low_s8(weights), vget_low_s8(values));
  const int16x8_t high = vmull_s8(vget_high_s8(weights), vget_high_s8(values));
  return {vaddq_s32(sum.v, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)))};
}
#endif
inline I LowHalves(I w) { return {vandq_s32(w.v, vdupq_n_s32(0x0f0f0f0f))}; }
inline I HighHalves(I w) { return {vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(w.v), 4))}; }
inline F ToFloats(I i) { return {vcvtq_f32_s32(i.v)}; }
inline F LoadHalves(const std::uint16_t* p) { return {vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)))}; }
inline F Bf16Low(I w) { return {vreinterpretq_f32_s32(vshlq_n_s32(w.v, 16))}; }
inline F Bf16High(I w) {
  return {vreinterpretq_f32_s32(vandq_s32(w.v, vdupq_n_s32(static_cast<std::int32_t>(0xffff0000u))))};
}
inline void StoreRounded(std::int8_t* p, F v) {
  const int16x4_t words = vmovn_s32(vcvtnq_s32_f32(v.v));
  const int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
  std::memcpy(p, &bytes, 4);
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
