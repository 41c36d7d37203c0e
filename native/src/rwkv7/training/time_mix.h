// Time mixing of one RWKV-7 layer (MODEL.md eq. 3-7), forward and backward.
//
// Letters: R rows of the batch, D width, H heads, r* LoRA ranks. `Saved` is what backward needs; inference
// uses one Saved for all layers and passes no chunk_states. Thread safety: one caller per Compute.
#pragma once

#include <cstddef>
#include <span>

#include "ops/compute.h"
#include "rwkv7/batch.h"
#include "rwkv7/parameters/weights.h"
#include "tensor/arena.h"

namespace ouroboros {

struct TimeMixSaved {
  float *h, *mean, *rstd;                            // ln1: [R, D], [R], [R]
  float* shifted[6];                                 // [R, D] each: x_r, x_w, x_k, x_v, x_a, x_g
  float *w_hidden, *a_hidden, *v_hidden, *g_hidden;  // [R, rw], [R, ra], [R, rv], [R, rg]
  float *r, *k0, *v0;                                // [R, D]: before the key and value corrections
  float *w_gate, *d;                                 // [R, D]: sigmoid(u), decay
  float *a, *v_gate, *g;                             // [R, D]
  float *minus_kk, *b, *k, *v;                       // [R, D]: what wkv reads
  float* inverse_norm;                               // [R, H]
  float *y, *sa, *chunk_states;                      // [R, D], [R, D], [chunks, H, 64, 64]
  float *group_mean, *group_rstd, *bonus;            // [R, H]
  float *o, *z;                                      // [R, D]: before and after the gate
  float* lora_hidden[4];                             // [R, rank] of receptance, key, value, output
};

// Room for a pass of `rows` rows; sa and chunk_states only when training (chunks > 0).
void PlanTimeMix(Arena& arena, TimeMixSaved& saved, const Shape& shape, const BlockView<const float>& block,
                 std::size_t rows, std::size_t chunks);

struct TimeMixPass {
  const Shape& shape;
  const Batch& batch;
  std::size_t layer;
  const BlockView<const float>& weights;
};

// x_out[R, D] += time_mix(ln1(x)); x may be x_out. v_first[R, D] is written by layer 0 and read by the
// others. states: one per sequence, holding the State before on entry, this layer's part of the State after
// on return.
void TimeMixForward(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved, float* x_out,
                    const float* x, float* v_first, std::span<State> states);

// Recomputes what the forward pass had in `saved`, but for lora_hidden[kOutput].
void RecomputeTimeMix(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved, const float* x,
                      float* v_first, std::span<State> states);

// The shift of both mixings: what of the row before comes into each of the mixed rows, and where the State
// carries the row before a sequence's first.
struct TokenShift {
  const float* h;  // [R, D]
  Buffer State::* carried;
  std::span<const float* const> mix;  // [D] each
};
// shifted[c][R, D] = h + (h_{t-1} - h) * mix[c].
void ShiftTokens(const Compute& compute, const TimeMixPass& pass, const TokenShift& shift,
                 std::span<float* const> shifted, std::span<State> states);
// dh[R, D] is written, dmix[c][D] accumulates and is null where frozen.
void ShiftTokensBackward(const Compute& compute, const TimeMixPass& pass, const TokenShift& shift, float* dh,
                         std::span<float* const> dmix, std::span<float* const> dshifted, State* dstates);
// out may be x.
void CopyRows(const Compute& compute, float* out, const float* x, std::size_t rows, std::size_t width);

// How far backward goes in a layer: to the gradient of its input, or only to what its own gradients need.
enum class Reach { kParameters, kInput };
bool IsTrained(const LinearView<float>& gradients);
bool IsTrained(const NormView<float>& gradients);
// Whether backward has to come here for the layer's own sake.
bool IsTimeMixTrained(const BlockView<float>& gradients);

// Temporaries of the backward pass, shared by all layers.
struct TimeMixScratch {
  float* full[16];  // [R, D] each
  float* narrow;    // [R, max rank]
};
void PlanTimeMixScratch(Arena& arena, TimeMixScratch& scratch, const Shape& shape, std::size_t rows);

// dx[R, D]: gradient of x_out on entry, of x on return (the residual passes through). dv_first accumulates
// over the layers above and is consumed by layer 0; it and dx are of no use where `reach` ends above them.
// dstates: gradient of the initial State; null, or one per sequence.
void TimeMixBackward(const Compute& compute, const TimeMixPass& pass, const TimeMixSaved& saved,
                     TimeMixScratch& scratch, const BlockView<float>& gradients, Reach reach, float* dx,
                     const float* x, const float* v_first, float* dv_first, State* dstates);

}  // namespace ouroboros
