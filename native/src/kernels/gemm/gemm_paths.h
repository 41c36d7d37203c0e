// The ways in which gemm.cc lets a product be computed; internal to it.
#pragma once

#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"

namespace ouroboros {

// m, n, k >= 1. Both operands are packed into panels; any sizes, best from some tens of rows on.
void PackedGemm(const GemmPanelKernel& kernel, Lane& lane, const GemmArguments& arguments);
// b[k, n] as PackedGemm of this kernel packs it, block after block, and how much room that takes.
std::size_t PackedFloats(const GemmPanelKernel& kernel, std::size_t n, std::size_t k);
void PackOperand(const GemmPanelKernel& kernel, Lane& lane, float* packed, const StridedMatrix& b,
                 std::size_t n, std::size_t k);

// C for few rows of x, many columns: [rows, columns] (+)= scale * x[rows, k] * w. C and w may be transposed
// views, so that a product with few columns is one with few rows.
struct FewRowsProduct {
  std::size_t rows, columns, k;
  StridedMatrix x;  // [rows, k]
  StridedMatrix w;  // [k, columns]
  float* c;
  std::size_t c_row_stride, c_column_stride;
  float scale;
  bool accumulate;
};
// Reads w where it stands, once per kGemmFewRows rows: for a few tokens, the weights' way from memory is what
// costs.
void FewRowsGemm(const Kernels& kernels, Lane& lane, const FewRowsProduct& product);

// A part of C, of at most kGemmFewRows rows and kGemmFewColumns columns.
struct Tile {
  std::size_t row, rows, column, columns;
};
// values[rows][kGemmFewColumns] = that part of x[rows, k] * w[k, columns]. Where w.row_stride is 1, so is
// x.column_stride.
void MultiplyTile(const GemmMicroKernel& micro, float* values, const StridedMatrix& x, const StridedMatrix& w,
                  std::size_t k, const Tile& tile);

}  // namespace ouroboros
