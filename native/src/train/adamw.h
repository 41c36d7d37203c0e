// AdamW over a flat parameter set, with the official groups and clipping by global norm (conformance README,
// e).
//
//   p *= 1 - lr wd;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p -= lr m^ / (sqrt(v^) + eps)
// Thread safety: one caller. The same bits for any number of threads: every element stands alone, and the
// norm is summed slice by slice, tensor by tensor. No parallel loop takes more than some milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ops/compute.h"
#include "rwkv7/parameters/parameter_set.h"
#include "train/slices.h"

namespace ouroboros {

enum class Groups { kUniform, kOfficial };

struct AdamWOptions {
  float beta1, beta2, epsilon, weight_decay;
  float clip;  // global gradient norm at most; 0 = off
  Groups groups;
};

struct Moments {
  Buffer m, v;  // laid out as the parameters
  std::uint64_t steps = 0;
};

// The sum of squares of the gradients of these parameters.
double SumOfSquares(const Compute& compute, std::span<const ParameterInfo> parameters,
                    const float* gradients);

// What all updates of step `steps` (from 1) have in common; `norm`: the gradient's, over all that is trained.
AdamWArguments SharedArguments(const AdamWOptions& options, std::uint64_t steps, double norm,
                               float learning_rate);
// learning_rate * weight_decay where the parameter decays, else 0.
float DecayOf(const ParameterInfo& parameter, const AdamWOptions& options, float learning_rate);

// One update of these parameters; `shared` as SharedArguments gave it.
void AdamWStep(const Compute& compute, std::span<const ParameterInfo> parameters, float* values,
               Moments& moments, const float* gradients, const AdamWArguments& shared,
               const AdamWOptions& options);

}  // namespace ouroboros
