// Matrix products that are known to be symmetric: one half is computed, the other copied. Float32.
//
// For a Gram matrix X X^T, and for products of symmetric matrices that commute, such as polynomials of one.
// About 0.55 times the work of Gemm for some hundred rows, and nothing is packed; made for matrices that fit
// the caches. The same bits for any number of threads, and bit for bit symmetric.
#pragma once

#include <cstddef>

#include "kernels/gemm/gemm.h"

namespace ouroboros {

struct SymmetricArguments {
  std::size_t n, k;               // >= 1
  StridedMatrix a;                // [n, k]
  StridedMatrix b;                // [k, n]; where its row stride is 1, so is the column stride of a
  float* c;                       // [n, n], row-major; none of the others
  float scale = 1;                // c = scale * a b + addend_scale * addend + diagonal * I
  const float* addend = nullptr;  // [n, n], symmetric; may be null
  float addend_scale = 0;
  float diagonal = 0;
};

void SymmetricGemm(const Kernels& kernels, Lane& lane, const SymmetricArguments& arguments);

}  // namespace ouroboros
