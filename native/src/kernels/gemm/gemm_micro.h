// The innermost products of gemm.h: what an instruction set contributes to them.
//
// Operands are called x and w here: rows of x become lanes of C's rows.
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

// Where it goes: panel p holds lanes [p * width, (p + 1) * width) as [words][width], at data + p *
// panel_stride. A word has 32 bits: the float of one step of k, or the bf16 of two, the earlier one in the
// lower half.
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

// Products of operands that are packed into panels.
struct GemmPanelKernel {
  std::size_t rows;            // mr: rows of C that one call of `multiply` computes
  std::size_t columns;         // nr
  std::size_t steps_per_word;  // 1: operands stay float32; 2: they are rounded to bf16, to nearest even
  // c[rows, columns] (+)= a_panel[words][rows]^T * b_panel[words][columns]; panels are 64-byte aligned and
  // zero-padded. Sums are float32.
  void (*multiply)(float* c, std::size_t c_stride, const float* a_panel, const float* b_panel,
                   std::size_t words, bool accumulate);
  // panels = scale * source for `lanes` lanes and k steps; what the last panel or word lacks is set to zero.
  void (*pack)(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes, std::size_t k,
               float scale);
};

struct GemmMicroKernel {
  GemmPanelKernel panels;
  // tile = x w^T, both with steps of k next to each other: x_step_stride is 1, row n of w stands at w + n *
  // w_stride.
  void (*few_dot)(const GemmFewArguments& arguments);
  // tile += x w, with w's columns next to each other: step k of w stands at w + k * w_stride.
  void (*few_outer)(const GemmFewArguments& arguments);
};

// Most floats of one tile of `multiply`, over all instruction sets.
constexpr std::size_t kGemmTileMax = 12 * 32;

}  // namespace ouroboros
