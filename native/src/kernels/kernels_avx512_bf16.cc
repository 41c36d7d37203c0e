// Products of bf16 operands for AVX512_BF16; compiled with its flags, so nothing here may run before it is
// detected.
//
// Denormal numbers count as zero, as these instructions have it.
#if defined(__x86_64__) || defined(_M_X64)

#define OURO_SIMD_NAMESPACE avx512_bf16

#include <string.h>  // not <cstring>, whose names live in std

#include "kernels/kernels.h"
#include "kernels/simd_avx512.h"

// After the vector type they are written over.
#include "kernels/gemm_panel_impl.h"

namespace ouroboros {
namespace avx512_bf16 {

// The same bits as another vector type.
template <typename To, typename From>
inline To BitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof(to));
  return to;
}

// The bf16 of 32 floats, those of `low` first.
inline __m512i RoundToBf16(F low, F high) { return BitsAs<__m512i>(_mm512_cvtne2ps_pbh(high.v, low.v)); }

struct Bf16Words {
  static constexpr std::size_t kSteps = 2;

  static F OfLanes(const float* from, std::size_t count, std::size_t steps, std::size_t stride, F scale) {
    const F early = LoadUpTo(from, count) * scale;
    const F late = steps == kSteps ? LoadUpTo(from + stride, count) * scale : Zero();
    // Lane i of both becomes word i.
    const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                                23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return {_mm512_castsi512_ps(_mm512_permutexvar_epi16(interleave, RoundToBf16(early, late)))};
  }

  static F OfSteps(const float* from, std::size_t steps, F scale) {
    const F early = LoadUpTo(from, steps) * scale;
    const F late = steps > kLanes ? LoadUpTo(from + kLanes, steps - kLanes) * scale : Zero();
    return {_mm512_castsi512_ps(RoundToBf16(early, late))};
  }

  static F MulAdd(F a, F b, F sum) {
    return {_mm512_dpbf16_ps(sum.v, BitsAs<__m512bh>(a.v), BitsAs<__m512bh>(b.v))};
  }
};

}  // namespace avx512_bf16

const GemmPanelKernel kAvx512Bf16Gemm = avx512_bf16::kGemmPanels<avx512_bf16::Bf16Words>;

}  // namespace ouroboros

#endif
