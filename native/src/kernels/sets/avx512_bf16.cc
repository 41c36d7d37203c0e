// Products of bf16 operands for AVX512_BF16; compiled with its flags, so nothing here may run before it is
// detected.
#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/sets/tables.h"

#define OURO_SIMD_NAMESPACE avx512_bf16
#include "kernels/simd/avx512_bf16.h"

// After the vector type they are written over.
#include "kernels/gemm/gemm_panel_impl.h"

namespace ouroboros {
namespace avx512_bf16 {

struct Bf16Words {
  static constexpr std::size_t kSteps = 2;

  static F OfLanes(const float* from, std::size_t count, std::size_t steps, std::size_t stride, F scale) {
    const F early = LoadUpTo(from, count) * scale;
    const F late = steps == kSteps ? LoadUpTo(from + stride, count) * scale : Zero();
    return RoundPairs(early, late);
  }

  static F OfSteps(const float* from, std::size_t steps, F scale) {
    const F early = LoadUpTo(from, steps) * scale;
    const F late = steps > kLanes ? LoadUpTo(from + kLanes, steps - kLanes) * scale : Zero();
    return RoundNeighbours(early, late);
  }

  static F MulAdd(F a, F b, F sum) { return MulAddPairs(a, b, sum); }
};

}  // namespace avx512_bf16

const GemmPanelKernel kAvx512Bf16Gemm = avx512_bf16::kGemmPanels<avx512_bf16::Bf16Words>;

}  // namespace ouroboros

#endif
