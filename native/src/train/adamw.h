// AdamW over a flat parameter set, with the official groups and clipping by global norm (conformance README,
// e).
//
//   p *= 1 - lr wd;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p -= lr m^ / (sqrt(v^) + eps)
// Thread safety: one caller. The same bits for any number of threads: every element stands alone, and the
// norm is summed tensor by tensor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/compute.h"
#include "rwkv7/parameter_set.h"

namespace ouroboros {

enum class Groups { kUniform, kOfficial };

struct AdamWOptions {
  float beta1, beta2, epsilon, weight_decay;
  float clip;  // global gradient norm at most; 0 = off
  Groups groups;
};

struct Moments {
  Buffer m, v;  // laid out as the parameter set
  std::uint64_t steps = 0;
};

// Square root of the sum of squares of all gradients.
double GradientNorm(const Compute& compute, const ParameterSet& set, const float* gradients);

// One step; `norm` as GradientNorm gave it.
void AdamWStep(const Compute& compute, ParameterSet& set, Moments& moments, const float* gradients,
               double norm, float learning_rate, const AdamWOptions& options);

}  // namespace ouroboros
