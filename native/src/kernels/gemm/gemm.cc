#include "kernels/gemm/gemm.h"

#include <algorithm>

#include "kernels/gemm/gemm_paths.h"

namespace ouroboros {
namespace {

// Up to this many rows or columns, packing costs more than it gains (measured for k = 256 .. 2048).
constexpr std::size_t kFewRowsMax = 64;
// The same for bf16, which the packed way alone has.
constexpr std::size_t kBf16RowsMin = 32;

}  // namespace

bool TakesBf16(const Kernels& kernels, std::size_t m, std::size_t n) {
  return kernels.gemm_bf16 != nullptr && std::min(m, n) >= kBf16RowsMin;
}

std::size_t PackedBf16Floats(const Kernels& kernels, std::size_t n, std::size_t k) {
  return PackedFloats(*kernels.gemm_bf16, n, k);
}

void PackBf16(const Kernels& kernels, Lane& lane, float* packed, const StridedMatrix& b, std::size_t n,
              std::size_t k) {
  PackOperand(*kernels.gemm_bf16, lane, packed, b, n, k);
}

void Gemm(const Kernels& kernels, Lane& lane, const GemmArguments& arguments) {
  const GemmArguments& args = arguments;
  if (args.m == 0 || args.n == 0) return;
  if (args.k == 0) {
    for (std::size_t i = 0; i < args.m && !args.accumulate; ++i)
      std::fill_n(args.c + i * args.c_stride, args.n, 0.0f);
    return;
  }
  if (args.precision == Precision::kBf16 && TakesBf16(kernels, args.m, args.n)) {
    PackedGemm(*kernels.gemm_bf16, lane, args);
  } else if (args.m <= kFewRowsMax) {
    FewRowsGemm(
        kernels, lane,
        {args.m, args.n, args.k, args.a, args.b, args.c, args.c_stride, 1, args.scale, args.accumulate});
  } else if (args.n <= kFewRowsMax) {
    const StridedMatrix x = {args.b.data, args.b.column_stride, args.b.row_stride};
    const StridedMatrix w = {args.a.data, args.a.column_stride, args.a.row_stride};
    FewRowsGemm(kernels, lane,
                {args.n, args.m, args.k, x, w, args.c, 1, args.c_stride, args.scale, args.accumulate});
  } else {
    PackedGemm(kernels.gemm.panels, lane, args);
  }
}

}  // namespace ouroboros
