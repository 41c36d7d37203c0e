// The innermost products of kernels/gemm.h: what an instruction set contributes to them.
//
// Of the two operands of a product, the one whose rows become lanes of C's rows is called x here, the other
// w.
#pragma once

#include <cstddef>

namespace ouroboros {

// One side of a product, on its way into panels: element (lane, step of k) stands at
// data[lane * lane_stride + step * step_stride]. One stride is 1.
struct GemmPackSource {
  const float* data;
  std::size_t lane_stride;
  std::size_t step_stride;
};

// Where it goes: panel p holds lanes [p * width, (p + 1) * width) as [k][width], at data + p * panel_stride.
struct GemmPanels {
  float* data;
  std::size_t width;
  std::size_t panel_stride;
};

// A product with at most kGemmFewRows rows of x and kGemmFewColumns columns of w. The tile is row-major, with
// rows of kGemmFewColumns floats.
struct GemmFewArguments {
  std::size_t rows, columns, k;
  float* tile;
  const float* x;
  std::size_t x_row_stride, x_step_stride;
  const float* w;
  std::size_t w_stride;
};
constexpr std::size_t kGemmFewRows = 16;
constexpr std::size_t kGemmFewColumns = 64;

struct GemmMicroKernel {
  std::size_t rows;     // mr: rows of C that one call of `multiply` computes
  std::size_t columns;  // nr
  // c[rows, columns] (+)= a_panel[k][rows]^T * b_panel[k][columns]; panels are 64-byte aligned and
  // zero-padded.
  void (*multiply)(float* c, std::size_t c_stride, const float* a_panel, const float* b_panel, std::size_t k,
                   bool accumulate);
  // panels = scale * source for `lanes` lanes and k steps; what the last panel lacks is set to zero.
  void (*pack)(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes, std::size_t k,
               float scale);
  // tile = x w^T, both with steps of k next to each other: x_step_stride is 1, row n of w stands at w + n *
  // w_stride.
  void (*few_dot)(const GemmFewArguments& arguments);
  // tile += x w, with w's columns next to each other: step k of w stands at w + k * w_stride.
  void (*few_outer)(const GemmFewArguments& arguments);
};

// Most floats of one tile of `multiply`, over all instruction sets.
constexpr std::size_t kGemmTileMost = 12 * 32;

}  // namespace ouroboros
