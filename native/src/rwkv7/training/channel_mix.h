// Channel mixing of one RWKV-7 layer (MODEL.md eq. 8), forward and backward. Contracts as in time_mix.h.
#pragma once

#include <cstddef>
#include <span>

#include "rwkv7/training/time_mix.h"

namespace ouroboros {

struct ChannelMixSaved {
  float *h, *mean, *rstd;     // ln2: [R, D], [R], [R]
  float* shifted;             // [R, D]
  float *positive, *squared;  // [R, F]
  float* lora_hidden[2];      // [R, rank] of ffn.key, ffn.value
};

void PlanChannelMix(Arena& arena, ChannelMixSaved& saved, const Shape& shape,
                    const BlockView<const float>& block, std::size_t rows);

// x[R, D] += W_value relu(W_key shift(ln2(x)))^2; x_out may be x.
void ChannelMixForward(const Compute& compute, const TimeMixPass& pass, ChannelMixSaved& saved, float* x_out,
                       const float* x, std::span<State> states);

// Recomputes what the forward pass had in `saved`, but for lora_hidden[1].
void RecomputeChannelMix(const Compute& compute, const TimeMixPass& pass, ChannelMixSaved& saved,
                         const float* x, std::span<State> states);

// Whether backward has to come here for the layer's own sake.
bool IsChannelMixTrained(const BlockView<float>& gradients);

struct ChannelMixScratch {
  float* dhidden;        // [R, F]
  float *dshifted, *dh;  // [R, D]
};
void PlanChannelMixScratch(Arena& arena, ChannelMixScratch& scratch, const Shape& shape, std::size_t rows);

void ChannelMixBackward(const Compute& compute, const TimeMixPass& pass, const ChannelMixSaved& saved,
                        ChannelMixScratch& scratch, const BlockView<float>& gradients, Reach reach, float* dx,
                        const float* x, State* dstates);

}  // namespace ouroboros
