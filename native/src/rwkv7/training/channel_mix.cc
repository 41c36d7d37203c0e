#include "rwkv7/training/channel_mix.h"

#include "ops/layer_norm.h"
#include "ops/linear.h"

namespace ouroboros {
namespace {

TokenShift ShiftOf(const TimeMixPass& pass, const ChannelMixSaved& saved) {
  return {saved.h, &State::ffn_shift, {&pass.weights.ffn_mix, 1}};
}

}  // namespace

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
  ShiftTokens(compute, pass, ShiftOf(pass, saved), {&saved.shifted, 1}, states);
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
  CopyRows(compute, x_out, x, rows, width);
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
  ShiftTokensBackward(compute, pass, ShiftOf(pass, saved), scratch.dh, {&gradients.ffn_mix, 1},
                      {&scratch.dshifted, 1}, dstates);
  LayerNormBackward(compute, dx, gradients.ln2, scratch.dh, x, saved.mean, saved.rstd, block.ln2, rows,
                    width);
}

}  // namespace ouroboros
