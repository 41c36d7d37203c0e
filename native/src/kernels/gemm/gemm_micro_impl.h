// The matrix products' table of one instruction set, compiled once per set; see gemm_micro.h.

#include "kernels/gemm/gemm_few_impl.h"
#include "kernels/gemm/gemm_panel_impl.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

constexpr GemmMicroKernel kGemm = {
    .panels = kGemmPanels<FloatWords>,
    .few_dot = GemmFewDot,
    .few_outer = GemmFewOuter,
};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
