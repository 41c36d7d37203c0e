#include "rwkv7/training/channel_mix.h"

#include <algorithm>
#include <cstring>

#include "ops/layer_norm.h"
#include "ops/linear.h"

namespace ouroboros {

void PlanChannelMix(Arena& arena, ChannelMixSaved& saved, const Shape& shape,
                    const BlockView<const float>& block, std::size_t rows) {
  saved.h = arena.Take(rows * shape.width);
  saved.shifted = arena.Take(rows * shape.width);
  saved.mean = arena.Take(rows);
  saved.rstd = arena.Take(rows);
  saved.positive = arena.Take(rows * shape.ffn);
  saved.squared = arena.Take(rows * shape.ffn);
  saved.lora_hidden[0] = arena.Take(rows * block.linear[kFfnKey].rank);
  saved.lora_hidden[1] = arena.Take(rows * block.linear[kFfnValue].rank);
}

void RecomputeChannelMix(const Compute& compute, const TimeMixPass& pass, ChannelMixSaved& saved,
                         const float* x, std::span<State> states) {
  const std::size_t rows = pass.batch.rows(), width = pass.shape.width, ffn = pass.shape.ffn;
  const BlockView<const float>& block = pass.weights;
  LayerNormForward(compute, saved.h, saved.mean, saved.rstd, x, block.ln2, rows, width);
  for (std::size_t s = 0; s < pass.batch.sequences.size(); ++s) {
    const Sequence& sequence = pass.batch.sequences[s];
    float* carried = states[s].ffn_shift.data() + pass.layer * width;
    const float* h = saved.h + sequence.begin * width;
    ForRowBlocks(compute, sequence.length, [&](std::size_t begin, std::size_t count) {
      compute.elementwise().token_shift({count, width, width},
                                        {1,
                                         h + begin * width,
                                         begin == 0 ? carried : h + (begin - 1) * width,
                                         {block.ffn_mix},
                                         {saved.shifted + (sequence.begin + begin) * width}});
    });
    std::memcpy(carried, h + (sequence.length - 1) * width, width * sizeof(float));
  }
  LinearForward(compute, saved.positive, Write::kOverwrite, saved.lora_hidden[0], saved.shifted,
                block.linear[kFfnKey], {rows, width, ffn});
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    compute.elementwise().relu_squared(saved.positive + begin * ffn, saved.squared + begin * ffn,
                                       count * ffn);
  });
}

void ChannelMixForward(const Compute& compute, const TimeMixPass& pass, ChannelMixSaved& saved, float* x_out,
                       const float* x, std::span<State> states) {
  const std::size_t rows = pass.batch.rows(), width = pass.shape.width, ffn = pass.shape.ffn;
  RecomputeChannelMix(compute, pass, saved, x, states);
  if (x_out != x) {
    ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
      std::memcpy(x_out + begin * width, x + begin * width, count * width * sizeof(float));
    });
  }
  LinearForward(compute, x_out, Write::kAdd, saved.lora_hidden[1], saved.squared,
                pass.weights.linear[kFfnValue], {rows, ffn, width});
}

void PlanChannelMixScratch(Arena& arena, ChannelMixScratch& scratch, const Shape& shape, std::size_t rows) {
  scratch.dhidden = arena.Take(rows * shape.ffn);
  scratch.dshifted = arena.Take(rows * shape.width);
  scratch.dh = arena.Take(rows * shape.width);
}

bool IsChannelMixTrained(const BlockView<float>& gradients) {
  return IsTrained(gradients.linear[kFfnKey]) || IsTrained(gradients.linear[kFfnValue]) ||
         IsTrained(gradients.ln2) || gradients.ffn_mix != nullptr;
}

void ChannelMixBackward(const Compute& compute, const TimeMixPass& pass, const ChannelMixSaved& saved,
                        ChannelMixScratch& scratch, const BlockView<float>& gradients, Reach reach, float* dx,
                        const float* x, State* dstates) {
  const std::size_t rows = pass.batch.rows(), width = pass.shape.width, ffn = pass.shape.ffn;
  const BlockView<const float>& block = pass.weights;
  const bool reaches_input = reach == Reach::kInput || dstates != nullptr || IsTrained(gradients.ln2) ||
                             gradients.ffn_mix != nullptr;
  const bool reaches_key = reaches_input || IsTrained(gradients.linear[kFfnKey]);
  LinearBackward(compute, reaches_key ? scratch.dhidden : nullptr, Write::kOverwrite,
                 gradients.linear[kFfnValue], dx, saved.squared, saved.lora_hidden[1],
                 block.linear[kFfnValue], {rows, ffn, width});
  if (!reaches_key) return;
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    compute.elementwise().relu_squared_backward(scratch.dhidden + begin * ffn, saved.positive + begin * ffn,
                                                count * ffn);
  });
  LinearBackward(compute, reaches_input ? scratch.dshifted : nullptr, Write::kOverwrite,
                 gradients.linear[kFfnKey], scratch.dhidden, saved.shifted, saved.lora_hidden[0],
                 block.linear[kFfnKey], {rows, width, ffn});
  if (!reaches_input) return;
  ForColumnSlices(compute, width, [&](std::size_t column) {
    for (std::size_t s = 0; s < pass.batch.sequences.size(); ++s) {
      const Sequence& sequence = pass.batch.sequences[s];
      const std::size_t at = sequence.begin * width + column, shift = pass.layer * width + column;
      for (std::size_t row = 0; row < sequence.length; ++row) {
        std::fill_n(scratch.dh + at + row * width, kHeadSize, 0.0f);
      }
      compute.elementwise().token_shift_backward(
          {sequence.length, kHeadSize, width},
          {1,
           scratch.dh + at,
           dstates == nullptr ? nullptr : dstates[s].ffn_shift.data() + shift,
           {gradients.ffn_mix == nullptr ? nullptr : gradients.ffn_mix + column},
           {scratch.dshifted + at},
           saved.h + at,
           sequence.initial->ffn_shift.data() + shift,
           {block.ffn_mix + column}});
    }
  });
  LayerNormBackward(compute, dx, gradients.ln2, scratch.dh, x, saved.mean, saved.rstd, block.ln2, rows,
                    width);
}

}  // namespace ouroboros
