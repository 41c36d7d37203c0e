// The training loss on logits and its gradient: weighted cross-entropy, KL to reference logits, L2Wrap.
//
//   loss = sum_t w_t CE_t / sum_t w_t  +  sum_t k_t KL(reference_t || model_t) / sum_t k_t
//   L2Wrap, R rows of the whole batch, adds 1e-4 / R * max_logit to the logit gradient at the first arg-max
//   of every row (BlinkDL/RWKV-LM RWKV-v7/train_temp/src/model.py); it does not show in the loss value.
// Only rows with a weight reach the head, gathered in chunks, so memory is bounded by the chunk, not by R *
// V.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ops/compute.h"
#include "rwkv7/network.h"
#include "rwkv7/training/model.h"

namespace ouroboros {

// Logits a model is held close to. Immutable.
struct ReferenceLogits {
  std::size_t rows, vocabulary;
  Buffer logits;                   // [rows, V]
  std::vector<float> log_sum_exp;  // [rows]
};

struct LossRow {
  std::uint32_t target;
  float weight;            // of the cross-entropy; 0 = not counted
  float kl_weight;         // 0 = not held
  const float* reference;  // [V]; null without KL
  float reference_log_sum_exp;
};

struct Loss {
  double cross_entropy;  // the rows' share of the weighted mean; 0 where no row has a weight
  double kl_divergence;
  double total() const { return cross_entropy + kl_divergence; }
  Loss& operator+=(const Loss& other) {
    cross_entropy += other.cross_entropy;
    kl_divergence += other.kl_divergence;
    return *this;
  }
};

struct LossScratch {
  Buffer hidden, dhidden, logits;
  std::vector<std::size_t> active;
};

// What sums are divided by, of the whole batch, so that its parts can share them.
struct LossTotals {
  double weight, kl_weight;
  std::size_t rows;
};

// dh[R, D] is written (zeros where a row has no weight; null = not needed); dhead accumulates (null =
// frozen).
Loss LossBackward(const Compute& compute, const Shape& shape, const Weights& weights, LossScratch& scratch,
                  float* dh, float* dhead, const float* h, std::span<const LossRow> rows,
                  const LossTotals& totals, bool l2wrap);

// One position of a Score.
struct RowScore {
  float log_probability;
  std::uint32_t best;
  float margin;  // target logit minus the best other logit
};
// scores, targets: [rows] of the network's last pass, from `first` on. logits is scratch.
void ScoreRows(const Compute& compute, Network& network, Buffer& logits, std::span<RowScore> scores,
               std::size_t first, std::span<const std::uint32_t> targets);

}  // namespace ouroboros
