// Dot products of narrow operands, added to 32-bit lanes: AVX512_BF16 and AVX512_VNNI.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace ouroboros::avx512 {

template <typename T>
float SumOf(const T (&lanes)[16]) {
  float sum = 0.0f;
  for (const T lane : lanes) sum += static_cast<float>(lane);
  return sum;
}

// 16 lanes of float32, each of which takes a pair of products.
struct PairsOfBf16 {
  static constexpr std::size_t kOperations = 2 * 2 * 16;
  __m512 sums;

  static PairsOfBf16 From(float value) { return {_mm512_set1_ps(value)}; }
  void Add() {
    // 1 and 2^-7 as bf16; the sums grow slowly and stay finite for 2^120 rounds.
    const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f80), b = (__m512bh)_mm512_set1_epi16(0x3c00);
    sums = _mm512_dpbf16_ps(sums, a, b);
  }
  float Sum() const {
    alignas(64) float lanes[16];
    _mm512_store_ps(lanes, sums);
    return SumOf(lanes);
  }
};

// 16 lanes of int32, each of which takes four products.
struct QuadruplesOfInt8 {
  static constexpr std::size_t kOperations = 2 * 4 * 16;
  __m512i sums;

  static QuadruplesOfInt8 From(float value) {
    return {_mm512_set1_epi32(static_cast<std::int32_t>(value * 10.0f))};
  }
  void Add() { sums = _mm512_dpbusd_epi32(sums, _mm512_set1_epi8(1), _mm512_set1_epi8(1)); }
  float Sum() const {
    alignas(64) std::int32_t lanes[16];
    _mm512_store_si512(lanes, sums);
    return SumOf(lanes);
  }
};

}  // namespace ouroboros::avx512
