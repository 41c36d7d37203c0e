#include "files/gguf/quantized_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "base/half_floats.h"

namespace ouroboros {
namespace {

constexpr std::size_t kGroup = 32;  // elements of a Q8_0 or Q4_0 block
constexpr std::size_t kScaleBytes = 2;

const std::uint8_t* Octets(const std::byte* bytes) { return reinterpret_cast<const std::uint8_t*>(bytes); }

float LoadScale(const std::byte* bytes) {
  std::uint16_t half;
  std::memcpy(&half, bytes, kScaleBytes);
  return WidenF16(half);
}

// Stores the scale and returns by what values are multiplied: 0 where nothing of the scale is left.
float StoreScale(float scale, std::byte* bytes) {
  const std::uint16_t half = RoundToF16(scale);
  std::memcpy(bytes, &half, kScaleBytes);
  return (half & 0x7fffu) == 0 ? 0 : 1.0f / scale;
}

void DequantizeQ8(const std::byte* block, float* out) {
  const float scale = LoadScale(block);
  const auto* q = reinterpret_cast<const std::int8_t*>(block + kScaleBytes);
  for (std::size_t i = 0; i < kGroup; ++i) out[i] = scale * static_cast<float>(q[i]);
}

void DequantizeQ4(const std::byte* block, float* out) {
  const float scale = LoadScale(block);
  const std::uint8_t* q = Octets(block + kScaleBytes);
  for (std::size_t i = 0; i < kGroup / 2; ++i) {
    out[i] = scale * static_cast<float>((q[i] & 15) - 8);
    out[i + kGroup / 2] = scale * static_cast<float>((q[i] >> 4) - 8);
  }
}

// Two halves of 128 elements, each four runs of 32; a run takes a nibble of `low` and two bits of `high`.
void DequantizeQ6K(const std::byte* block, float* out) {
  constexpr std::size_t kHalf = 128, kRun = 32, kScaled = 16;
  const std::uint8_t* low = Octets(block);
  const std::uint8_t* high = low + kHalf;
  const auto* scales = reinterpret_cast<const std::int8_t*>(high + kHalf / 2);
  const float super = LoadScale(block + 208);
  for (std::size_t half = 0; half < 2; ++half, low += kHalf / 2, high += kRun) {
    for (std::size_t run = 0; run < 4; ++run) {
      for (std::size_t i = 0; i < kRun; ++i, ++out) {
        const int nibble = run < 2 ? low[(run % 2) * kRun + i] & 15 : low[(run % 2) * kRun + i] >> 4;
        const int q = (nibble | (((high[i] >> (2 * run)) & 3) << 4)) - 32;
        const std::int8_t scale = scales[half * 8 + run * 2 + i / kScaled];
        *out = super * static_cast<float>(scale) * static_cast<float>(q);
      }
    }
  }
}

void QuantizeQ8(const float* values, std::byte* block) {
  float largest = 0;
  for (std::size_t i = 0; i < kGroup; ++i) largest = std::max(largest, std::fabs(values[i]));
  const float inverse = StoreScale(largest / 127.0f, block);
  auto* q = reinterpret_cast<std::int8_t*>(block + kScaleBytes);
  for (std::size_t i = 0; i < kGroup; ++i) q[i] = static_cast<std::int8_t>(std::round(values[i] * inverse));
}

// The scale's sign lets the largest value be -8 steps, where there is one step more.
void QuantizeQ4(const float* values, std::byte* block) {
  float largest = 0;
  for (std::size_t i = 0; i < kGroup; ++i) {
    if (std::fabs(values[i]) > std::fabs(largest)) largest = values[i];
  }
  const float inverse = StoreScale(largest / -8.0f, block);
  const auto nibble = [&](float value) {
    return static_cast<std::uint8_t>(std::min(15, static_cast<int>(value * inverse + 8.5f)));
  };
  auto* q = reinterpret_cast<std::uint8_t*>(block + kScaleBytes);
  for (std::size_t i = 0; i < kGroup / 2; ++i) {
    q[i] = static_cast<std::uint8_t>(nibble(values[i]) | (nibble(values[i + kGroup / 2]) << 4));
  }
}

}  // namespace

void DequantizeBlocks(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  OURO_CHECK(bytes.size() == DTypeBytes(dtype, out.size()));
  const std::size_t elements = BlockElements(dtype), size = DTypeBytes(dtype, elements);
  const auto dequantize = dtype == DType::kQ8_0   ? DequantizeQ8
                          : dtype == DType::kQ4_0 ? DequantizeQ4
                                                  : DequantizeQ6K;
  const std::byte* block = bytes.data();
  for (std::size_t i = 0; i < out.size(); i += elements, block += size) dequantize(block, out.data() + i);
}

void QuantizeBlocks(DType dtype, std::span<const float> values, std::span<std::byte> out) {
  OURO_CHECK(dtype == DType::kQ8_0 || dtype == DType::kQ4_0);
  OURO_CHECK(out.size() == DTypeBytes(dtype, values.size()));
  const auto quantize = dtype == DType::kQ8_0 ? QuantizeQ8 : QuantizeQ4;
  const std::size_t size = DTypeBytes(dtype, kGroup);
  std::byte* block = out.data();
  for (std::size_t i = 0; i < values.size(); i += kGroup, block += size) quantize(values.data() + i, block);
}

}  // namespace ouroboros
