// Matrix products around the edges of tiles, of the ways to compute and of blocks, in every layout.

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/threads/thread_pool.h"
#include "comparison.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/gemm_symmetric.h"

namespace ouroboros::check {
namespace {

struct Size {
  std::size_t m, n, k;
};

struct Layout {
  bool is_a_transposed, is_b_transposed, is_accumulating;
};

// A view of `rows` x `columns` with a gap between its lines, and no more floats than it must have.
StridedMatrix TakeMatrix(Run& run, std::size_t rows, std::size_t columns, bool is_transposed) {
  constexpr std::size_t kGap = 3;
  const std::size_t lines = is_transposed ? columns : rows;
  const std::size_t length = is_transposed ? rows : columns;
  const float* const data = run.Floats(lines == 0 ? 0 : (lines - 1) * (length + kGap) + length);
  return is_transposed ? StridedMatrix{data, 1, length + kGap} : StridedMatrix{data, length + kGap, 1};
}

void Product(Run& run, Lane& lane, const Size& size, const Layout& layout) {
  const StridedMatrix a = TakeMatrix(run, size.m, size.k, layout.is_a_transposed);
  const StridedMatrix b = TakeMatrix(run, size.k, size.n, layout.is_b_transposed);
  const std::size_t stride = size.n + 5;
  float* const c = run.Floats(size.m == 0 ? 0 : (size.m - 1) * stride + size.n);
  Gemm(run.kernels, lane, {size.m, size.n, size.k, a, b, c, stride, -0.5f, layout.is_accumulating});
}

void CheckProduct(Comparison& comparison, Lane& lane, const Size& size) {
  const std::string of =
      " of " + std::to_string(size.m) + " x " + std::to_string(size.n) + " x " + std::to_string(size.k);
  for (unsigned variant = 0; variant < 8; ++variant) {
    const Layout layout = {(variant & 1) != 0, (variant & 2) != 0, (variant & 4) != 0};
    comparison.Check(
        "product" + of + ", layout " + std::to_string(variant),
        [&](Run& run) { Product(run, lane, size, layout); }, 1e-7 * (10.0 + static_cast<double>(size.k)));
  }
}

// x x^T or, with x lying on its side, x^T x; with and without an addend.
void CheckGram(Comparison& comparison, Lane& lane, std::size_t n, std::size_t k) {
  const std::string of = " of " + std::to_string(n) + " x " + std::to_string(k);
  for (unsigned variant = 0; variant < 4; ++variant) {
    comparison.Check(
        "Gram matrix" + of + ", variant " + std::to_string(variant),
        [&](Run& run) {
          const StridedMatrix x = TakeMatrix(run, n, k, (variant & 1) != 0);
          const StridedMatrix transposed = {x.data, x.column_stride, x.row_stride};
          const float* const addend = (variant & 2) != 0 ? run.Floats(n * n) : nullptr;
          float* const c = run.Floats(n * n);
          SymmetricGemm(run.kernels, lane, {n, k, x, transposed, c, -0.5f, addend, 0.25f, 2.0f});
          for (std::size_t i = 0; i < n * n; ++i) OURO_CHECK(c[i] == c[i % n * n + i / n]);
        },
        1e-7 * (10.0 + static_cast<double>(k)));
  }
}

}  // namespace

void CheckGemm(Comparison& comparison) {
  ThreadPool pool(2);
  Lane lane(pool, Priority::kGenerate);
  for (const std::size_t m : {0, 1, 2, 5, 13}) {
    for (const std::size_t n : {0, 1, 3, 16, 17, 33}) {
      for (const std::size_t k : {0, 1, 3, 7, 33}) CheckProduct(comparison, lane, {m, n, k});
    }
  }
  for (const std::size_t m : {1, 4, 16, 17, 64}) {
    for (const std::size_t n : {63, 65, 130}) {
      for (const std::size_t k : {31, 97}) CheckProduct(comparison, lane, {m, n, k});
    }
  }
  constexpr Size kPacked[] = {{65, 65, 1},   {65, 66, 17},   {66, 97, 255}, {97, 67, 257}, {70, 515, 130},
                              {200, 80, 70}, {65, 65, 1100}, {300, 16, 40}, {129, 64, 300}};
  for (const Size& size : kPacked) CheckProduct(comparison, lane, size);
  for (const std::size_t n : {1, 15, 17, 63, 64, 65, 130}) {
    for (const std::size_t k : {1, 31, 130}) CheckGram(comparison, lane, n, k);
  }
}

}  // namespace ouroboros::check
