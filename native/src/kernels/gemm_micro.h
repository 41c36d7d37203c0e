// The innermost products of kernels/gemm.h: what an instruction set contributes to them.
#pragma once

#include <cstddef>

namespace ouroboros {

// One side of a product, on its way into a panel: element (lane, step of k) stands at
// data[lane * lane_stride + step * step_stride]. One stride is 1.
struct GemmPackSource {
  const float* data;
  std::size_t lane_stride;
  std::size_t step_stride;
};

struct GemmMicroKernel {
  std::size_t rows;     // mr: rows of C that one call computes
  std::size_t columns;  // nr
  // c[rows, columns] (+)= a_panel[k][rows]^T * b_panel[k][columns]; panels are 64-byte aligned and
  // zero-padded.
  void (*multiply)(float* c, std::size_t c_stride, const float* a_panel, const float* b_panel, std::size_t k,
                   bool accumulate);
  // panel[k][width] = scale * source; lanes from `lanes` to width are set to zero. width is `rows` or
  // `columns`.
  void (*pack)(float* panel, std::size_t width, const GemmPackSource& source, std::size_t lanes,
               std::size_t k, float scale);
};

// Most floats of one tile of C, over all instruction sets.
constexpr std::size_t kGemmTileMost = 12 * 32;

}  // namespace ouroboros
