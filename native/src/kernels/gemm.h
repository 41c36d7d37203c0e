// Dense matrix products in float32, or with operands rounded to bf16, on blocked, packed operands, with one
// micro-kernel per instruction set.
//
// Each element of C is computed by one thread in a reduction order that depends only on the sizes: results
// are bit-identical for every number of threads. Cost grows as 2*m*n*k; packing adds (m + n) * k moves.
// Operands are read through strides, so a transpose costs nothing but its packing.
#pragma once

#include <cstddef>

#include "base/thread_pool.h"

namespace ouroboros {

struct Kernels;

// A read-only matrix view: element (i, j) stands at data[i * row_stride + j * column_stride]. One stride
// is 1.
struct StridedMatrix {
  const float* data;
  std::size_t row_stride;
  std::size_t column_stride;
};

// What operands are rounded to before they are multiplied; sums are float32 in any case.
enum class Precision {
  kF32,
  kBf16,  // a wish: float32 where the processor has no instructions for it, or the product is small
};

struct GemmArguments {
  std::size_t m, n, k;
  StridedMatrix a;  // [m, k]
  StridedMatrix b;  // [k, n]
  float* c;         // [m, n], row-major
  std::size_t c_stride;
  float scale;  // c = scale * a b, or c += scale * a b
  bool accumulate;
  Precision precision = Precision::kF32;  // bf16: scale * a and b are rounded
};

// Any sizes, zero included (k = 0 gives zeros or leaves c). m = 1 takes a matrix-vector path.
void Gemm(const Kernels& kernels, Lane& lane, const GemmArguments& arguments);

}  // namespace ouroboros
