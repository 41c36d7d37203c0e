// Dense matrix products in float32, or with operands rounded to bf16, on blocked, packed operands, with one
// micro-kernel per instruction set.
//
// Each element of C is computed by one thread in a reduction order that depends only on the sizes: results
// are bit-identical for every number of threads. Cost grows as 2*m*n*k; packing adds (m + n) * k moves.
// Operands are read through strides, so a transpose costs nothing but its packing.
#pragma once

#include <cstddef>

#include "base/threads/thread_pool.h"

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
  const float* packed_b = nullptr;        // b as PackBf16 leaves it; read instead where TakesBf16
};

// Any sizes, zero included (k = 0 gives zeros or leaves c). m = 1 takes a matrix-vector path.
void Gemm(const Kernels& kernels, Lane& lane, const GemmArguments& arguments);

// Whether a product of these sizes, wished for in bf16, is taken in bf16.
bool TakesBf16(const Kernels& kernels, std::size_t m, std::size_t n);
// For a matrix b[k, n] that many products share: packed once, with the same bits as products that pack it
// themselves. Only where kernels have bf16. `packed` has PackedBf16Floats floats and is 64-byte aligned.
std::size_t PackedBf16Floats(const Kernels& kernels, std::size_t n, std::size_t k);
void PackBf16(const Kernels& kernels, Lane& lane, float* packed, const StridedMatrix& b, std::size_t n,
              std::size_t k);

}  // namespace ouroboros
