// Floats of 16 bits. Rounding is to nearest, ties to even; a NaN stays a NaN. Widening is exact. Pure
// functions, thread safe; in here whole, since they are the inner loop of reading and packing models.
#pragma once

#include <bit>
#include <cstdint>

namespace ouroboros {

// bfloat16: the upper half of a float32.
inline std::uint16_t RoundToBf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  // Adding the rounding bias to a NaN could carry into infinity: keep its top bits, made quiet.
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  const std::uint32_t bias = 0x7fffu + ((bits >> 16) & 1u);
  return static_cast<std::uint16_t>((bits + bias) >> 16);
}

inline float WidenBf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// IEEE 754 binary16; what is too large becomes infinite.
inline std::uint16_t RoundToF16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
  // 65520, halfway between the largest and what would follow.
  constexpr std::uint32_t kTooLarge = 0x477ff000u;
  if (magnitude >= kTooLarge) return static_cast<std::uint16_t>(sign | 0x7c00u);
  constexpr std::uint32_t kNormalMin = 0x38800000u;  // 2^-14
  if (magnitude < kNormalMin) {
    // Adding 0.5 leaves units of 2^-24, rounded to even, in the lowest bits of the sum.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

inline float WidenF16(std::uint16_t half) {
  // Shifted into place a half is a float whose exponent is 112 too small, its subnormals included.
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t rest = static_cast<std::uint32_t>(half & 0x7fffu) << 13;
  if (rest >= 0x0f800000u) return std::bit_cast<float>(sign | 0x7f800000u | (rest & 0x007fffffu));
  const float magnitude = std::bit_cast<float>(rest) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

}  // namespace ouroboros
