// The network on packed weights (MODEL.md eq. 1-8): what serves completions, chat and scoring.
//
// A layer is one chain of parallel phases (thread_pool.h): rows are normalised, shifted and rounded; then
// come products over panels of weights, shared out among the threads; then heads, each with its gates, its
// wkv and its group norm. Every number is computed alone from its own row's past, so that any way to cut a
// text into passes, any others in a batch and any number of threads give the same bits.
//
// Thread safety: one caller. Lifetime: shape, weights and buffers must outlive it.
#pragma once

#include <array>
#include <vector>

#include "ops/packed_product.h"
#include "rwkv7/cpu_network.h"
#include "rwkv7/served/served_weights.h"
#include "tensor/arena.h"

namespace ouroboros {

// What a pass computes on its way; [R, .] each. Reuse one object: it allocates only when a batch is larger
// than any before. All layers share it.
struct ServedBuffers {
  Arena arena;
  float *x, *h, *mean, *rstd;
  std::array<Operand, 6> shifted;  // x_r, x_w, x_k, x_v, x_a, x_g; x_k serves channel mixing too
  Operand w_hidden, a_hidden, v_hidden, g_hidden;
  std::array<Operand, kBigMatrices> lora_hidden;
  float *r, *k0, *v0, *w_gate, *d, *a, *v_gate, *g, *minus_kk, *b, *k, *v, *v_first, *y, *o;
  float *inverse_norm, *group_mean, *group_rstd, *bonus;  // [R, H]
  Operand z;
  float* key;  // [R, F]: W_key x, then its positive part
  Operand squared;
  // Of Logits, which may be called between passes.
  Arena head_arena;
  Operand head_input;
};

class ServedNetwork final : public CpuNetwork {
 public:
  ServedNetwork(const Compute& compute, const Shape& shape, const ServedWeights& weights,
                ServedBuffers& buffers)
      : CpuNetwork(compute), shape_(shape), weights_(weights), buffers_(buffers) {}

  const Shape& shape() const override { return shape_; }
  void Begin(std::span<const PassSequence> sequences) override;
  void Layer(std::size_t layer) override;
  void End() override;
  void Logits(float* logits, std::size_t first, std::size_t rows) override;

 private:
  void Plan();

  const Shape& shape_;
  const ServedWeights& weights_;
  ServedBuffers& buffers_;
};

}  // namespace ouroboros
