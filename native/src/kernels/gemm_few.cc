// The path for products of few rows (a decode step, a short prompt): nothing is packed. Contract:
// gemm_paths.h.
#include <algorithm>

#include "kernels/gemm_paths.h"

namespace ouroboros {
namespace {

// Steps of k that few_outer takes at once, so that a strip of w of kGemmFewColumns columns stays in L1 for
// all groups of rows.
constexpr std::size_t kBlockK = 96;
// Floats of w (512 KB) and products below which waking the workers costs more than they do: some 10 us each.
constexpr std::size_t kSingleThreadFloats = std::size_t{1} << 17;
constexpr std::size_t kSingleThreadProducts = 500'000;

// A part of C.
struct Tile {
  std::size_t row, rows, column, columns;
};

class FewRows {
 public:
  FewRows(const Kernels& kernels, Lane& lane, const FewRowsProduct& product)
      : micro_(kernels.gemm), lane_(lane), product_(product), is_dot_(product.w.row_stride == 1) {}

  void Run() {
    if (is_dot_ && product_.x.column_stride != 1) GatherX();
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
    GemmFewArguments few = {tile.rows,
                            tile.columns,
                            product_.k,
                            values,
                            product_.x.data + tile.row * product_.x.row_stride,
                            product_.x.row_stride,
                            product_.x.column_stride,
                            product_.w.data + tile.column * product_.w.column_stride,
                            is_dot_ ? product_.w.column_stride : product_.w.row_stride};
    if (is_dot_) {
      micro_.few_dot(few);
    } else {
      std::fill_n(values, tile.rows * kGemmFewColumns, 0.0f);
      for (std::size_t step = 0; step < product_.k; step += kBlockK) {
        few.k = std::min(kBlockK, product_.k - step);
        few.x = product_.x.data + tile.row * product_.x.row_stride + step * product_.x.column_stride;
        few.w = product_.w.data + step * product_.w.row_stride + tile.column * product_.w.column_stride;
        micro_.few_outer(few);
      }
    }
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
  const bool is_dot_;
};

}  // namespace

void FewRowsGemm(const Kernels& kernels, Lane& lane, const FewRowsProduct& product) {
  FewRows(kernels, lane, product).Run();
}

}  // namespace ouroboros
