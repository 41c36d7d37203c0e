// The whole RWKV-7 network on one batch: embedding, layers, final norm; forward and backward. The head
// (logits) is apart, since the caller decides which rows need it.
//
// Thread safety: one caller per Compute and Activations. Nothing here owns weights.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rwkv7/batch.h"
#include "rwkv7/training/channel_mix.h"
#include "rwkv7/training/time_mix.h"

namespace ouroboros {

enum class Mode { kInference, kTraining };

// Activation checkpointing: what a training forward keeps for the backward pass.
struct CheckpointingPlan {
  std::size_t first_layer = 0;  // those below keep nothing: backward does not reach them
  // Layers keep the residual stream only, and backward recomputes the rest, layer by layer: the same bits for
  // less memory and more work.
  bool recomputes = false;
};
// Roughly the activations that such a pass keeps.
std::size_t ActivationBytes(const Shape& shape, std::size_t rows, const CheckpointingPlan& checkpointing);

// The lowest layer that backward must reach for these gradients; L where it ends above the layers.
std::size_t LowestTrainedLayer(const Gradients& gradients);

struct LayerSaved {
  float *x, *x_mid;  // [R, D]: the residual stream before time mixing and before channel mixing
  TimeMixSaved time;
  ChannelMixSaved channel;
};

// Everything one pass computes on its way. In inference all layers share one LayerSaved, so memory does not
// grow with depth. In training every layer has its own view, but layers that keep little point to shared
// memory. Reuse one object: it allocates only when a batch is larger than any before.
struct Activations {
  Arena arena;
  Mode mode = Mode::kInference;
  CheckpointingPlan checkpointing;
  std::vector<LayerSaved> layers;  // L when training, else 1
  TimeMixSaved shared{};           // for the layers that are recomputed
  float* embedded = nullptr;       // [R, D]: rows of emb, before ln0
  float *ln0_mean = nullptr, *ln0_rstd = nullptr;
  float* v_first = nullptr;                              // [R, D]
  float* x_last = nullptr;                               // [R, D]: after the last block
  float *h = nullptr, *mean = nullptr, *rstd = nullptr;  // ln_out: [R, D], [R], [R]

  LayerSaved& layer(std::size_t index) { return layers[mode == Mode::kTraining ? index : 0]; }
};

// Called after each layer's forward with that layer's Saved; for dumps. Null everywhere else.
using LayerObserver = FunctionRef<void(std::size_t layer, const LayerSaved& saved, const float* x_out)>;

// A forward pass in parts, so that others can go between two layers; nothing else may use the activations in
// the meantime. After BeginForward come all layers in order, then EndForward.
void BeginForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& activations, Mode mode, const CheckpointingPlan& checkpointing = {});
void ForwardLayer(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& activations, std::size_t layer, std::span<State> states,
                  const LayerObserver* observer = nullptr);
void EndForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                Activations& activations);

// All of them: fills activations.h with ln_out of the last block's output. states: one per sequence, before
// on entry, after on return. Throws Stopped when compute asks for it: states and activations are then of no
// use. Tokens must be below the vocabulary size (checked by the caller).
void ModelForward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                  Activations& activations, Mode mode, std::span<State> states,
                  const LayerObserver* observer = nullptr, const CheckpointingPlan& checkpointing = {});

struct BackwardScratch {
  Arena arena;
  float *dx = nullptr, *dv_first = nullptr;
  TimeMixScratch time{};
  ChannelMixScratch channel{};
  std::vector<State> states;  // what recomputing reads from, and moves on
};

// dh[R, D]: gradient of activations.h. Accumulates into gradients; dstates (null, or one zero State per
// sequence) receives the gradient of each initial State. Goes down no further than a gradient is asked for.
// activations must come from a training forward of the same batch that kept at least as much. Throws Stopped
// as above.
void ModelBackward(const Compute& compute, const Shape& shape, const Weights& weights, const Batch& batch,
                   Activations& activations, BackwardScratch& scratch, Gradients& gradients, const float* dh,
                   State* dstates);

// logits[rows, V] = h[rows, D] head^T
void HeadForward(const Compute& compute, const Shape& shape, const Weights& weights, float* logits,
                 const float* h, std::size_t rows);

}  // namespace ouroboros
