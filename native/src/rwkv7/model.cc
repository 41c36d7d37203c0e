#include "rwkv7/model.h"

#include <algorithm>
#include <cstring>

#include "ops/layer_norm.h"
#include "ops/linear.h"

namespace ouroboros {
namespace {

void Plan(Activations& a, const Shape& shape, const Weights& weights, const Batch& batch) {
  const bool training = a.mode == Mode::kTraining;
  const std::size_t rows = batch.rows(), full = rows * shape.width;
  a.layers.resize(training ? shape.layers : 1);
  a.arena.Run([&](Arena& arena) {
    a.embedded = arena.Take(full);
    a.ln0_mean = arena.Take(rows);
    a.ln0_rstd = arena.Take(rows);
    a.v_first = arena.Take(full);
    a.x_last = arena.Take(full);
    a.h = arena.Take(full);
    a.mean = arena.Take(rows);
    a.rstd = arena.Take(rows);
    for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
      LayerSaved& saved = a.layers[layer];
      saved.x = training ? arena.Take(full) : a.x_last;
      saved.x_mid = training ? arena.Take(full) : a.x_last;
      // Layers may differ in their LoRA ranks; the shared one of inference takes room for the largest.
      BlockView<const float> block = weights.blocks[layer];
      if (!training) {
        for (const BlockView<const float>& other : weights.blocks) {
          for (std::size_t i = 0; i < kBigMatrices; ++i) {
            block.linear[i].rank = std::max(block.linear[i].rank, other.linear[i].rank);
          }
        }
      }
      PlanTimeMix(arena, saved.time, shape, block, rows, training ? batch.chunks() : 0);
      PlanChannelMix(arena, saved.channel, shape, block, rows);
    }
  });
}

void Embed(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
           Activations& a) {
  const std::size_t width = shape.width;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    std::memcpy(a.embedded + row * width, weights.emb + batch.tokens[row] * width, width * sizeof(float));
  }
  LayerNormForward(compute, a.layer(0).x, a.ln0_mean, a.ln0_rstd, a.embedded, weights.blocks[0].ln0,
                   batch.rows(), width);
}

// Each column slice walks the rows in order, so tokens that repeat add up in one fixed order.
void EmbedBackward(const Compute& compute, const Shape& shape, const Batch& batch, float* demb,
                   const float* dx) {
  const std::size_t width = shape.width;
  ForColumnSlices(compute, width, [&](std::size_t column) {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      compute.elementwise().add_scaled(demb + batch.tokens[row] * width + column, dx + row * width + column,
                                       1, kHeadSize);
    }
  });
}

}  // namespace

void BeginForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& a, Mode mode) {
  a.mode = mode;
  Plan(a, shape, weights, batch);
  Embed(compute, shape, weights, batch, a);
}

void ForwardLayer(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& a, std::size_t layer, std::span<State> states, const LayerObserver* observer) {
  compute.ThrowIfStopped();
  LayerSaved& saved = a.layer(layer);
  const bool is_kept = a.mode == Mode::kTraining && layer + 1 < shape.layers;
  float* x_out = is_kept ? a.layer(layer + 1).x : a.x_last;
  const TimeMixPass pass{shape, batch, layer, weights.blocks[layer]};
  TimeMixForward(compute, pass, saved.time, saved.x_mid, saved.x, a.v_first, states);
  ChannelMixForward(compute, pass, saved.channel, x_out, saved.x_mid, states);
  if (observer != nullptr) (*observer)(layer, saved, x_out);
}

void EndForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                Activations& a) {
  LayerNormForward(compute, a.h, a.mean, a.rstd, a.x_last, weights.ln_out, batch.rows(), shape.width);
}

void ModelForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& a, Mode mode, std::span<State> states, const LayerObserver* observer) {
  BeginForward(compute, shape, weights, batch, a, mode);
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    ForwardLayer(compute, shape, weights, batch, a, layer, states, observer);
  }
  EndForward(compute, shape, weights, batch, a);
}

void ModelBackward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                   Activations& a, BackwardScratch& scratch, Gradients& gradients, const float* dh,
                   State* dstates) {
  const std::size_t rows = batch.rows(), full = rows * shape.width;
  scratch.arena.Run([&](Arena& arena) {
    scratch.dx = arena.Take(full);
    scratch.dv_first = arena.Take(full);
    PlanTimeMixScratch(arena, scratch.time, shape, rows);
    PlanChannelMixScratch(arena, scratch.channel, shape, rows);
  });
  std::fill_n(scratch.dx, full, 0.0f);
  std::fill_n(scratch.dv_first, full, 0.0f);
  LayerNormBackward(compute, scratch.dx, gradients.ln_out, dh, a.x_last, a.mean, a.rstd, weights.ln_out, rows,
                    shape.width);
  for (std::size_t layer = shape.layers; layer-- > 0;) {
    compute.ThrowIfStopped();
    LayerSaved& saved = a.layer(layer);
    const TimeMixPass pass{shape, batch, layer, weights.blocks[layer]};
    ChannelMixBackward(compute, pass, saved.channel, scratch.channel, gradients.blocks[layer], scratch.dx,
                       saved.x_mid, dstates);
    TimeMixBackward(compute, pass, saved.time, scratch.time, gradients.blocks[layer], scratch.dx, saved.x,
                    a.v_first, scratch.dv_first, dstates);
  }
  const NormView<float>& ln0 = gradients.blocks[0].ln0;
  if (gradients.emb == nullptr && ln0.weight == nullptr && ln0.bias == nullptr) return;
  float* dembedded = scratch.dv_first;  // consumed by layer 0
  std::fill_n(dembedded, full, 0.0f);
  LayerNormBackward(compute, dembedded, ln0, scratch.dx, a.embedded, a.ln0_mean, a.ln0_rstd,
                    weights.blocks[0].ln0, rows, shape.width);
  if (gradients.emb != nullptr) EmbedBackward(compute, shape, batch, gradients.emb, dembedded);
}

void HeadForward(const Compute& compute, const Shape& shape, const Weights& weights, float* logits,
                 const float* h, std::size_t rows) {
  LinearView<const float> head;
  head.weight = weights.head;
  LinearForward(compute, logits, Write::kOverwrite, nullptr, h, head, {rows, shape.width, shape.vocabulary});
}

}  // namespace ouroboros
