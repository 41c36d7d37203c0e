// Muon, for the big matrices of the layers: momentum whose singular values are all made about 1.
//
//   m ← μ m + (1 - μ) g        u = μ m + (1 - μ) g (Nesterov)        X = u / (‖u‖ + 1e-7)
//   5 times:  A = X Xᵀ,  X ← (3.4445 I - 4.7750 A + 2.0315 A²) X     (Newton and Schulz's iteration, quintic)
//   p ← p (1 - rate · decay) - rate · 0.2 sqrt(max(rows, columns)) · X
//
// Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024
// (kellerjordan.github.io/posts/muon), whose coefficients take singular values from 0.01 to 1 to 0.7 .. 1.2
// rather than to 1. The factor is that of Liu et al., "Muon is Scalable for LLM Training", 2025
// (arXiv:2502.16982): a matrix whose singular values are 1 has elements of the size of
// 1 / sqrt(max(rows, columns)), so every update has elements of about 0.2, as AdamW's have; one learning rate
// and one weight decay serve both, whatever a matrix's shape. Jordan's sqrt(max(1, rows / columns)) would
// need a rate of its own. For g clipped by the norm of all gradients, as AdamW's.
//
// How it is computed: all factors of the iteration are polynomials of the first A, so X is left alone until
// the end and only A and the product Q of the factors are carried on, which are symmetric and of the smaller
// side: X = Q X₀, with A ← P A P, Q ← P Q for P = 3.4445 I - 4.7750 A + 2.0315 A². That is half of the work
// for a matrix four times as wide as high, and a third less for a square one. It takes float32: rounding may
// leave A eigenvalues below 0, which every iteration makes up to 12 times as large. They stay below 1e-3 in
// float32 and would not in bf16.
//
// Thread safety: one caller. The same bits for any number of threads. No parallel loop takes more than some
// milliseconds. Memory: two copies of the largest matrix at most, and four squares of its smaller side.
#pragma once

#include <cstddef>

#include "ops/compute.h"
#include "rwkv7/parameters/parameter_set.h"
#include "tensor/arena.h"

namespace ouroboros {

struct MuonOptions {
  float momentum;             // μ
  float learning_rate_scale;  // rate = this times AdamW's
  float weight_decay;
  std::size_t iterations;  // 1 .. kMuonIterationsMax
};
// More would not bring singular values closer to 1 with these coefficients, and need another way to compute.
constexpr std::size_t kMuonIterationsMax = 5;

// Whether Muon takes it: one of the six big matrices of a layer, whole.
bool IsHiddenMatrix(const ParameterInfo& parameter);

class Muon {
 public:
  explicit Muon(const MuonOptions& options) : options_(options) {}

  // One update of one matrix; value, momentum and gradient are its own, [rows, columns]. learning_rate:
  // AdamW's. gradient_scale: the clipping factor.
  void Step(const Compute& compute, const ParameterInfo& matrix, float* value, float* momentum,
            const float* gradient, float learning_rate, float gradient_scale);

 private:
  // The product of all factors [side, side] for the matrix whose Gram matrix stands in gram_.
  const float* Factor(const Compute& compute, std::size_t side);

  MuonOptions options_;
  Arena arena_;
  float* direction_ = nullptr;  // [rows, columns]: u, then X₀
  float *gram_ = nullptr, *polynomial_ = nullptr, *factor_ = nullptr, *spare_ = nullptr;  // [side, side]
};

}  // namespace ouroboros
