// Integers for packed products, one at a time: the portable twin of the other simd/int_*.h.
//
// The names every simd/int_*.h provides, in the instruction set's own namespace:
//   I                            kLanes 32-bit integers, or the 4 * kLanes bytes at their places
//   LoadBytes(p) LoadInt(p)      the int at p in every lane
//   PrefetchFar(p)               asks for the line at p, into a cache beyond the first
//   LoadFour(p)                  the four bytes at p in every lane
//   Q8Bytes(w)                   q8's bytes as AddDots takes them, a weight of 0 as kQ8Zero
//   AddDots(sum, w, x)           lane + the dot product of its four bytes, w from Q8Bytes, LowHalves or
//                                HighHalves, x signed; exact for |x| <= 127
//   LowHalves(w) HighHalves(w)   of every byte: the low, the high four bits
//   ToFloats(i) LoadHalves(p)    kLanes f16
//   Bf16Low(w) Bf16High(w)       the low, the high 16 bits of every lane, as the upper half of a float
//   StoreRounded(p, v)           kLanes floats, rounded to nearest even, as int8; |v| <= 127
#pragma once

#include "base/half_floats.h"
#include "kernels/packed/packed_matrix.h"
#include "kernels/simd/scalar.h"

namespace ouroboros::scalar {

struct I {
  std::int32_t v;
};

inline I LoadBytes(const std::byte* p) {
  I word;
  std::memcpy(&word.v, p, 4);
  return word;
}
inline I LoadInt(const std::int32_t* p) { return {*p}; }
inline void PrefetchFar(const std::byte*) {}
inline I LoadFour(const std::int8_t* p) {
  I word;
  std::memcpy(&word.v, p, 4);
  return word;
}
constexpr std::int32_t kQ8Zero = 128;
inline I Q8Bytes(I w) { return w; }
inline I AddDots(I sum, I w, I x) {
  std::uint8_t weights[4];
  std::int8_t values[4];
  std::memcpy(weights, &w.v, 4);
  std::memcpy(values, &x.v, 4);
  for (std::size_t i = 0; i < 4; ++i) sum.v += weights[i] * values[i];
  return sum;
}
inline I LowHalves(I w) { return {w.v & 0x0f0f0f0f}; }
inline I HighHalves(I w) { return {(w.v >> 4) & 0x0f0f0f0f}; }
inline F ToFloats(I i) { return {static_cast<float>(i.v)}; }
inline F LoadHalves(const std::uint16_t* p) { return {WidenF16(*p)}; }
inline F FloatOfBits(std::uint32_t bits) {
  F result;
  std::memcpy(&result.v, &bits, 4);
  return result;
}
inline F Bf16Low(I w) { return FloatOfBits(static_cast<std::uint32_t>(w.v) << 16); }
inline F Bf16High(I w) { return FloatOfBits(static_cast<std::uint32_t>(w.v) & 0xffff0000u); }
inline void StoreRounded(std::int8_t* p, F v) { *p = static_cast<std::int8_t>(Round(v).v); }

}  // namespace ouroboros::scalar
