// LayerNorm over rows of width D, eps 1e-5, biased variance (MODEL.md eq. 1), forward and backward.
#pragma once

#include <cstddef>

#include "ops/compute.h"
#include "ops/views.h"

namespace ouroboros {

constexpr float kLayerNormEpsilon = 1e-5f;

// y[R, D]; mean, rstd: [R], saved.
void LayerNormForward(const Compute& compute, float* y, float* mean, float* rstd, const float* x,
                      const NormView<const float>& weights, std::size_t rows, std::size_t width);

// dx accumulates (x also feeds the residual stream), and so do the parameters' gradients.
void LayerNormBackward(const Compute& compute, float* dx, const NormView<float>& gradients, const float* dy,
                       const float* x, const float* mean, const float* rstd,
                       const NormView<const float>& weights, std::size_t rows, std::size_t width);

}  // namespace ouroboros
