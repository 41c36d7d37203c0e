// The path for products of few rows (a decode step, a short prompt): nothing is packed. Contract:
// gemm_paths.h.
#include <algorithm>

#include "kernels/gemm/gemm_paths.h"

namespace ouroboros {
namespace {

// Steps of k that few_outer takes at once, so that a strip of w of kGemmFewColumns columns stays in L1 for
// all groups of rows.
constexpr std::size_t kBlockK = 96;
// Floats of w (512 KB) and products below which waking the workers costs more than they do: some 10 us each.
constexpr std::size_t kSingleThreadFloats = std::size_t{1} << 17;
constexpr std::size_t kSingleThreadProducts = 500'000;

class FewRows {
 public:
  FewRows(const Kernels& kernels, Lane& lane, const FewRowsProduct& product)
      : micro_(kernels.gemm), lane_(lane), product_(product) {}

  void Run() {
    if (product_.w.row_stride == 1 && product_.x.column_stride != 1) GatherX();
    const std::size_t row_blocks = (product_.rows + kGemmFewRows - 1) / kGemmFewRows;
    const std::size_t column_blocks = (product_.columns + kGemmFewColumns - 1) / kGemmFewColumns;
    const auto multiply = [&](std::size_t task) {
      // Row blocks first: they share columns of w.
      const std::size_t row = task % row_blocks * kGemmFewRows;
      const std::size_t column = task / row_blocks * kGemmFewColumns;
      Multiply({row, std::min(kGemmFewRows, product_.rows - row), column,
                std::min(kGemmFewColumns, product_.columns - column)});
    };
    const std::size_t floats = product_.columns * product_.k;
    if (floats < kSingleThreadFloats && floats * product_.rows < kSingleThreadProducts) {
      for (std::size_t task = 0; task < row_blocks * column_blocks; ++task) multiply(task);
    } else {
      lane_.ParallelFor(row_blocks * column_blocks, multiply);
    }
  }

 private:
  // few_dot wants steps of k side by side.
  void GatherX() {
    const std::span<float> gathered = lane_.Scratch(0, product_.rows * product_.k);
    for (std::size_t step = 0; step < product_.k; ++step) {
      const float* const from = product_.x.data + step * product_.x.column_stride;
      for (std::size_t row = 0; row < product_.rows; ++row) {
        gathered[row * product_.k + step] = from[row * product_.x.row_stride];
      }
    }
    product_.x = {gathered.data(), product_.k, 1};
  }

  void Multiply(const Tile& tile) const {
    alignas(64) float values[kGemmFewRows * kGemmFewColumns];
    MultiplyTile(micro_, values, product_.x, product_.w, product_.k, tile);
    Put(tile, values);
  }

  void Put(const Tile& tile, const float* values) const {
    for (std::size_t i = 0; i < tile.rows; ++i) {
      float* const row =
          product_.c + (tile.row + i) * product_.c_row_stride + tile.column * product_.c_column_stride;
      for (std::size_t j = 0; j < tile.columns; ++j) {
        float& c = row[j * product_.c_column_stride];
        c = (product_.accumulate ? c : 0.0f) + product_.scale * values[i * kGemmFewColumns + j];
      }
    }
  }

  const GemmMicroKernel& micro_;
  Lane& lane_;
  FewRowsProduct product_;
};

}  // namespace

void MultiplyTile(const GemmMicroKernel& micro, float* values, const StridedMatrix& x, const StridedMatrix& w,
                  std::size_t k, const Tile& tile) {
  const bool is_dot = w.row_stride == 1;
  GemmFewArguments few = {tile.rows,
                          tile.columns,
                          k,
                          values,
                          x.data + tile.row * x.row_stride,
                          x.row_stride,
                          x.column_stride,
                          w.data + tile.column * w.column_stride,
                          is_dot ? w.column_stride : w.row_stride};
  if (is_dot) {
    micro.few_dot(few);
    return;
  }
  std::fill_n(values, tile.rows * kGemmFewColumns, 0.0f);
  for (std::size_t step = 0; step < k; step += kBlockK) {
    few.k = std::min(kBlockK, k - step);
    few.x = x.data + tile.row * x.row_stride + step * x.column_stride;
    few.w = w.data + step * w.row_stride + tile.column * w.column_stride;
    micro.few_outer(few);
  }
}

void FewRowsGemm(const Kernels& kernels, Lane& lane, const FewRowsProduct& product) {
  FewRows(kernels, lane, product).Run();
}

}  // namespace ouroboros
