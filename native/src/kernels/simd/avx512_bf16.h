// What AVX512_BF16 adds to simd/avx512.h: a vector whose lanes hold two bf16 each, the earlier one in the
// lower half. Denormal numbers count as zero, as these instructions have it.
#pragma once

#include <string.h>  // not <cstring>, whose names live in std

#include "kernels/simd/avx512.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

// The same bits as another vector type.
template <typename To, typename From>
inline To BitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof(to));
  return to;
}

// Rounded to nearest, ties to even: the floats of `low` two by two, then those of `high`.
inline F RoundNeighbours(F low, F high) { return {BitsAs<__m512>(_mm512_cvtne2ps_pbh(high.v, low.v))}; }

// The same, with the floats of `early` in the lower halves, those of `late` in the upper ones.
inline F RoundPairs(F early, F late) {
  const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                              23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i rounded = _mm512_castps_si512(RoundNeighbours(early, late).v);
  return {_mm512_castsi512_ps(_mm512_permutexvar_epi16(interleave, rounded))};
}

// sum + both products of each lane, in float32.
inline F MulAddPairs(F a, F b, F sum) {
  return {_mm512_dpbf16_ps(sum.v, BitsAs<__m512bh>(a.v), BitsAs<__m512bh>(b.v))};
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
