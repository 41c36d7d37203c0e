// Element-wise, normalising and reducing kernels; see elementwise_impl.h for the one source.
// Rows are contiguous, n floats; "accumulates" means +=, everything else is overwritten.
#pragma once

#include <cstddef>

namespace ouroboros {

struct ElementwiseKernels {
  // sum a[i] * b[i]
  float (*dot)(const float* a, const float* b, std::size_t n);
  // y += scale * x
  void (*add_scaled)(float* y, const float* x, float scale, std::size_t n);
};

}  // namespace ouroboros
