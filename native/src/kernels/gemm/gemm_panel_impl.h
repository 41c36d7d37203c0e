// The innermost loop of products of packed operands, compiled once per instruction set; see gemm_micro.h.
//
// The accumulators of a tile are named variables, made by macros: compilers keep those in registers, while an
// array of vectors indexed by a loop ends up in memory with some (a factor of 2).

#include "kernels/gemm/gemm_pack_impl.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

// Rows of a tile; OURO_GEMM_ROWS(X) expands X(0) X(1) ... Two vectors of columns, one accumulator each, must
// leave registers for two vectors of B and one of A: 12 rows of 32 registers, 6 of 16.
#define OURO_GEMM_ROWS_6(X) X(0) X(1) X(2) X(3) X(4) X(5)
#if defined(OURO_SIMD_32_REGISTERS)
#define OURO_GEMM_ROWS(X) OURO_GEMM_ROWS_6(X) X(6) X(7) X(8) X(9) X(10) X(11)
constexpr std::size_t kGemmRows = 12;
#else
#define OURO_GEMM_ROWS OURO_GEMM_ROWS_6
constexpr std::size_t kGemmRows = 6;
#endif
constexpr std::size_t kGemmColumns = 2 * kLanes;

template <typename Words>
inline void GemmMultiply(float* c, std::size_t c_stride, const float* a_panel, const float* b_panel,
                         std::size_t words, bool accumulate) {
#define OURO_BEGIN(i) \
  F low##i = Zero();  \
  F high##i = Zero();
#define OURO_STEP(i)                             \
  {                                              \
    const F a = Set(a_panel[i]);                 \
    low##i = Words::MulAdd(a, b_low, low##i);    \
    high##i = Words::MulAdd(a, b_high, high##i); \
  }
#define OURO_END(i)                           \
  {                                           \
    float* row = c + i * c_stride;            \
    if (accumulate) {                         \
      low##i = Load(row) + low##i;            \
      high##i = Load(row + kLanes) + high##i; \
    }                                         \
    Store(row, low##i);                       \
    Store(row + kLanes, high##i);             \
  }
  OURO_GEMM_ROWS(OURO_BEGIN)
  for (; words > 0; --words) {
    const F b_low = Load(b_panel);
    const F b_high = Load(b_panel + kLanes);
    OURO_GEMM_ROWS(OURO_STEP)
    a_panel += kGemmRows;
    b_panel += kGemmColumns;
  }
  OURO_GEMM_ROWS(OURO_END)
#undef OURO_BEGIN
#undef OURO_STEP
#undef OURO_END
}

template <typename Words>
constexpr GemmPanelKernel kGemmPanels = {
    .rows = kGemmRows,
    .columns = kGemmColumns,
    .steps_per_word = Words::kSteps,
    .multiply = GemmMultiply<Words>,
    .pack = GemmPack<Words>,
};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
