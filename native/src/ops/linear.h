// Linear maps on rows, with an optional low-rank addition, forward and backward.
//
// R rows, K inputs, N outputs. Weights are [N, K]. Backward accumulates into gradients (null = frozen) and
// writes or adds to dx as asked. Thread safety: one caller per Compute.
#pragma once

#include <cstddef>

#include "ops/compute.h"
#include "ops/views.h"

namespace ouroboros {

struct LinearSize {
  std::size_t rows, in, out;
};

enum class Write { kOverwrite, kAdd };

// y[R, N] = (y +) x W^T + scale * (x A^T) B^T.   lora_hidden: [R, rank], x A^T, saved; unused without LoRA.
void LinearForward(const Compute& compute, float* y, Write write, float* lora_hidden, const float* x,
                   const LinearView<const float>& weights, const LinearSize& size);

// dW += dy^T x;  dx (+)= dy W;  with h = x A^T, dh = scale * dy B:  dB += scale * dy^T h;  dA += dh^T x;  dx
// += dh A. dx may be null where nothing below is trained.
void LinearBackward(const Compute& compute, float* dx, Write write, const LinearView<float>& gradients,
                    const float* dy, const float* x, const float* lora_hidden,
                    const LinearView<const float>& weights, const LinearSize& size);

// y[R, N] = x[R, K] M[K, N]: the orientation of w1, w2, a1, ... g2.
void FactorForward(const Compute& compute, float* y, const float* x, const float* matrix,
                   const LinearSize& size);
// dM += x^T dy (null = frozen);  dx (+)= dy M^T (null = not needed).
void FactorBackward(const Compute& compute, float* dx, Write write, float* dmatrix, const float* dy,
                    const float* x, const float* matrix, const LinearSize& size);

}  // namespace ouroboros
