#include "rwkv7/training/model.h"

#include <algorithm>
#include <cstring>

#include "ops/layer_norm.h"
#include "ops/linear.h"

namespace ouroboros {
namespace {

// The largest of everything that layers may differ in: their LoRA ranks.
BlockView<const float> LargestBlock(const Weights& weights) {
  BlockView<const float> block = weights.blocks[0];
  for (const BlockView<const float>& other : weights.blocks) {
    for (std::size_t i = 0; i < kBigMatrices; ++i) {
      block.linear[i].rank = std::max(block.linear[i].rank, other.linear[i].rank);
    }
  }
  return block;
}

void PlanLayer(Arena& arena, LayerSaved& saved, const Shape& shape, const BlockView<const float>& block,
               std::size_t rows, std::size_t chunks) {
  PlanTimeMix(arena, saved.time, shape, block, rows, chunks);
  PlanChannelMix(arena, saved.channel, shape, block, rows);
}

// Layers that keep nothing work on the residual stream in place, in the input of the first that keeps.
void PlanTrainingLayers(Arena& arena, Activations& a, const Shape& shape, const Weights& weights,
                        const Batch& batch) {
  const std::size_t rows = batch.rows(), full = rows * shape.width;
  const std::size_t first = std::min(a.checkpointing.first_layer, shape.layers);
  const BlockView<const float> largest = LargestBlock(weights);
  LayerSaved shared{};
  if (first > 0 || a.checkpointing.recomputes) {
    PlanLayer(arena, shared, shape, largest, rows, a.checkpointing.recomputes ? batch.chunks() : 0);
  }
  for (std::size_t layer = shape.layers; layer-- > 0;) {
    LayerSaved& saved = a.layers[layer];
    const bool is_last = layer + 1 == shape.layers;
    if (layer < first) {
      saved = shared;
      saved.x = saved.x_mid = first == shape.layers ? a.x_last : a.layers[first].x;
      saved.time.sa = saved.time.chunk_states = nullptr;
      continue;
    }
    if (a.checkpointing.recomputes) {
      saved = shared;
      // The last layer's is still there when backward begins.
      if (!is_last) saved.time.sa = saved.time.chunk_states = nullptr;
      const auto& linear = weights.blocks[layer].linear;
      saved.time.lora_hidden[kOutput] = arena.Take(rows * linear[kOutput].rank);
      saved.channel.lora_hidden[1] = arena.Take(rows * linear[kFfnValue].rank);
    } else {
      PlanLayer(arena, saved, shape, weights.blocks[layer], rows, batch.chunks());
    }
    saved.x = arena.Take(full);
    saved.x_mid = arena.Take(full);
  }
  a.shared = shared.time;
}

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
    if (training) return PlanTrainingLayers(arena, a, shape, weights, batch);
    a.layers[0].x = a.layers[0].x_mid = a.x_last;
    PlanLayer(arena, a.layers[0], shape, LargestBlock(weights), rows, 0);
  });
}

// Recomputes a layer that kept its residual stream only.
void RecomputeLayer(const Compute& compute, const TimeMixPass& pass, Activations& a,
                    std::span<State> states) {
  LayerSaved& saved = a.layer(pass.layer);
  saved.time.sa = a.shared.sa;
  saved.time.chunk_states = a.shared.chunk_states;
  RecomputeTimeMix(compute, pass, saved.time, saved.x, a.v_first, states);
  RecomputeChannelMix(compute, pass, saved.channel, saved.x_mid, states);
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
void EmbedBackward(const Compute& compute, const Shape& shape, const Batch& batch, const Gradients& gradients,
                   const float* dx) {
  const std::size_t width = shape.width;
  ForColumnSlices(compute, width, [&](std::size_t column) {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const std::uint32_t token = batch.tokens[row];
      const std::size_t to = gradients.emb_rows == nullptr ? token : gradients.emb_rows[token];
      compute.elementwise().add_scaled(gradients.emb + to * width + column, dx + row * width + column, 1,
                                       kHeadSize);
    }
  });
}

bool IsEmbeddingTrained(const Gradients& gradients) {
  return gradients.emb != nullptr || IsTrained(gradients.blocks[0].ln0);
}

}  // namespace

std::size_t ActivationBytes(const Shape& shape, std::size_t rows, const CheckpointingPlan& checkpointing) {
  // x, x_mid, and otherwise all of TimeMixSaved and ChannelMixSaved; the kept wkv States, 64 x 64 per head
  // and chunk, are as much as 4 [R, D].
  const std::size_t row = checkpointing.recomputes ? 2 * shape.width : 31 * shape.width + 2 * shape.ffn;
  return (shape.layers - std::min(shape.layers, checkpointing.first_layer)) * rows * row * sizeof(float);
}

std::size_t LowestTrainedLayer(const Gradients& gradients) {
  if (IsEmbeddingTrained(gradients)) return 0;
  const auto found = std::find_if(
      gradients.blocks.begin(), gradients.blocks.end(),
      [](const BlockView<float>& block) { return IsTimeMixTrained(block) || IsChannelMixTrained(block); });
  return static_cast<std::size_t>(found - gradients.blocks.begin());
}

void BeginForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& a, Mode mode, const CheckpointingPlan& checkpointing) {
  a.mode = mode;
  a.checkpointing = checkpointing;
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
                  Activations& a, Mode mode, std::span<State> states, const LayerObserver* observer,
                  const CheckpointingPlan& checkpointing) {
  BeginForward(compute, shape, weights, batch, a, mode, checkpointing);
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    ForwardLayer(compute, shape, weights, batch, a, layer, states, observer);
  }
  EndForward(compute, shape, weights, batch, a);
}

void ModelBackward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                   Activations& a, BackwardScratch& scratch, Gradients& gradients, const float* dh,
                   State* dstates) {
  const std::size_t rows = batch.rows(), full = rows * shape.width;
  const bool reaches_embedding = IsEmbeddingTrained(gradients);
  const std::size_t lowest = dstates != nullptr ? 0 : LowestTrainedLayer(gradients);
  OURO_CHECK(a.checkpointing.first_layer <= lowest);
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
  scratch.states.clear();
  if (a.checkpointing.recomputes) {
    for (const Sequence& sequence : batch.sequences) scratch.states.push_back(sequence.initial->Copy());
  }
  for (std::size_t layer = shape.layers; layer-- > lowest;) {
    compute.ThrowIfStopped();
    LayerSaved& saved = a.layer(layer);
    const BlockView<float>& block = gradients.blocks[layer];
    const TimeMixPass pass{shape, batch, layer, weights.blocks[layer]};
    if (a.checkpointing.recomputes && layer + 1 < shape.layers)
      RecomputeLayer(compute, pass, a, scratch.states);
    const Reach reach = layer > lowest || reaches_embedding ? Reach::kInput : Reach::kParameters;
    const bool has_time_mix = reach == Reach::kInput || dstates != nullptr || IsTimeMixTrained(block);
    ChannelMixBackward(compute, pass, saved.channel, scratch.channel, block,
                       has_time_mix ? Reach::kInput : reach, scratch.dx, saved.x_mid, dstates);
    if (!has_time_mix) break;
    TimeMixBackward(compute, pass, saved.time, scratch.time, block, reach, scratch.dx, saved.x, a.v_first,
                    scratch.dv_first, dstates);
  }
  if (!reaches_embedding) return;
  const NormView<float>& ln0 = gradients.blocks[0].ln0;
  float* dembedded = scratch.dv_first;  // consumed by layer 0
  std::fill_n(dembedded, full, 0.0f);
  LayerNormBackward(compute, dembedded, ln0, scratch.dx, a.embedded, a.ln0_mean, a.ln0_rstd,
                    weights.blocks[0].ln0, rows, shape.width);
  if (gradients.emb != nullptr) EmbedBackward(compute, shape, batch, gradients, dembedded);
}

void HeadForward(const Compute& compute, const Shape& shape, const Weights& weights, float* logits,
                 const float* h, std::size_t rows) {
  LinearView<const float> head;
  head.weight = weights.head;
  LinearForward(compute, logits, Write::kOverwrite, nullptr, h, head, {rows, shape.width, shape.vocabulary});
}

}  // namespace ouroboros
