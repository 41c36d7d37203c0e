// The innermost product of packed panels: what an instruction set contributes to kernels/gemm.h.
#pragma once

#include <cstddef>

namespace ouroboros {

struct GemmMicroKernel {
  std::size_t rows;     // mr: rows of C that one call computes
  std::size_t columns;  // nr
  // c[rows, columns] (+)= a_panel[k][rows]^T * b_panel[k][columns]; panels are 64-byte aligned and
  // zero-padded.
  void (*multiply)(float* c, std::size_t c_stride, const float* a_panel, const float* b_panel, std::size_t k,
                   bool accumulate);
};

}  // namespace ouroboros
