#include "ops/layer_norm.h"

namespace ouroboros {

void LayerNormForward(const Compute& compute, float* y, float* mean, float* rstd, const float* x,
                      const NormView<const float>& weights, std::size_t rows, std::size_t width) {
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    compute.elementwise().layer_norm({count, width, width}, y + begin * width, mean + begin, rstd + begin,
                                     x + begin * width, weights.weight, weights.bias, kLayerNormEpsilon);
  });
}

void LayerNormBackward(const Compute& compute, float* dx, const NormView<float>& gradients, const float* dy,
                       const float* x, const float* mean, const float* rstd,
                       const NormView<const float>& weights, std::size_t rows, std::size_t width) {
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    compute.elementwise().layer_norm_backward({count, width, width}, dx + begin * width, dy + begin * width,
                                              x + begin * width, weights.weight, mean + begin, rstd + begin);
  });
  if (gradients.weight == nullptr && gradients.bias == nullptr) return;
  ForColumnSlices(compute, width, [&](std::size_t column) {
    // The kernel makes both; what belongs to a frozen one is dropped.
    float unused[kHeadSize] = {};
    const auto gradient_or_unused = [&](float* gradient) {
      return gradient == nullptr ? unused : gradient + column;
    };
    compute.elementwise().layer_norm_backward_parameters(
        {rows, kHeadSize, width}, gradient_or_unused(gradients.weight), gradient_or_unused(gradients.bias),
        dy + column, x + column, mean, rstd);
  });
}

}  // namespace ouroboros
