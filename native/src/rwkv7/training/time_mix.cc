#include "rwkv7/training/time_mix.h"

#include <algorithm>
#include <cstring>

#include "ops/layer_norm.h"
#include "ops/linear.h"

namespace ouroboros {
namespace {

constexpr std::size_t kHeadState = kHeadSize * kHeadSize;
// Of 64 columns of each of a dozen tensors: 100 KB.
constexpr std::size_t kCachedRows = 32;
enum Shifted : std::size_t { kR, kW, kK, kV, kA, kG };

struct Sizes {
  std::size_t rows, width, heads;
  LinearSize square;
};

Sizes SizesOf(const TimeMixPass& pass) {
  const std::size_t rows = pass.batch.rows(), width = pass.shape.width;
  return {rows, width, pass.shape.heads, {rows, width, width}};
}

float* Offset(float* base, std::size_t offset) { return base == nullptr ? nullptr : base + offset; }

TokenShift ShiftOf(const TimeMixPass& pass, const TimeMixSaved& saved) {
  return {saved.h, &State::att_shift, pass.weights.mix};
}

// Hidden activations and pre-activations of decay, in-context rate, value gate and output gate.
void RunFactors(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved) {
  const auto [rows, width, heads, square] = SizesOf(pass);
  const LoraRanks& ranks = pass.shape.ranks;
  const BlockView<const float>& block = pass.weights;
  FactorForward(compute, saved.w_hidden, saved.shifted[kW], block.w.down, {rows, width, ranks.w});
  FactorForward(compute, saved.a_hidden, saved.shifted[kA], block.a.down, {rows, width, ranks.a});
  FactorForward(compute, saved.g_hidden, saved.shifted[kG], block.g.down, {rows, width, ranks.g});
  if (pass.layer > 0) {
    FactorForward(compute, saved.v_hidden, saved.shifted[kV], block.v.down, {rows, width, ranks.v});
  }
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    compute.elementwise().tanh(saved.w_hidden + begin * ranks.w, count * ranks.w);
    compute.elementwise().sigmoid(saved.g_hidden + begin * ranks.g, count * ranks.g);
  });
  FactorForward(compute, saved.w_gate, saved.w_hidden, block.w.up, {rows, ranks.w, width});
  FactorForward(compute, saved.a, saved.a_hidden, block.a.up, {rows, ranks.a, width});
  FactorForward(compute, saved.g, saved.g_hidden, block.g.up, {rows, ranks.g, width});
  if (pass.layer > 0)
    FactorForward(compute, saved.v_gate, saved.v_hidden, block.v.up, {rows, ranks.v, width});
}

void PrepareWkv(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved, float* v_first) {
  const std::size_t width = pass.shape.width, heads = pass.shape.heads;
  const BlockView<const float>& block = pass.weights;
  const ElementwiseKernels& kernels = compute.elementwise();
  ForRowBlocks(compute, pass.batch.rows(), [&](std::size_t begin, std::size_t count) {
    const Region region{count, width, width};
    const std::size_t at = begin * width;
    kernels.sigmoid_bias(region, saved.w_gate + at, block.w0);
    kernels.decay(region, saved.d + at, saved.w_gate + at);
    kernels.sigmoid_bias(region, saved.a + at, block.a0);
    if (pass.layer == 0) {
      std::memcpy(saved.v + at, saved.v0 + at, count * width * sizeof(float));
      std::memcpy(v_first + at, saved.v0 + at, count * width * sizeof(float));
    } else {
      kernels.sigmoid_bias(region, saved.v_gate + at, block.v0);
      kernels.value_residual(region, saved.v + at, saved.v0 + at, v_first + at, saved.v_gate + at);
    }
    kernels.key(region, {.minus_kk = saved.minus_kk + at,
                         .b = saved.b + at,
                         .k = saved.k + at,
                         .inverse_norm = saved.inverse_norm + begin * heads,
                         .norm_stride = heads,
                         .k0 = saved.k0 + at,
                         .a = saved.a + at,
                         .k_k = block.k_k,
                         .k_a = block.k_a});
  });
}

float* ChunkStates(const TimeMixSaved& saved, const Sequence& sequence, std::size_t heads, std::size_t head) {
  return saved.chunk_states + (sequence.chunk_begin * heads + head * sequence.chunks()) * kHeadState;
}

void RunWkv(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved, std::span<State> states) {
  const std::size_t width = pass.shape.width, heads = pass.shape.heads;
  const bool saves = saved.chunk_states != nullptr;
  compute.lane.ParallelFor(pass.batch.sequences.size() * heads, [&](std::size_t task) {
    const std::size_t s = task / heads, head = task % heads;
    const Sequence& sequence = pass.batch.sequences[s];
    const std::size_t at = sequence.begin * width + head * kHeadSize;
    compute.kernels.wkv.forward({.tokens = sequence.length,
                                 .stride = width,
                                 .y = saved.y + at,
                                 .state = states[s].wkv.data() + (pass.layer * heads + head) * kHeadState,
                                 .chunk_states = saves ? ChunkStates(saved, sequence, heads, head) : nullptr,
                                 .sa = saves ? saved.sa + at : nullptr,
                                 .r = saved.r + at,
                                 .d = saved.d + at,
                                 .k = saved.k + at,
                                 .v = saved.v + at,
                                 .a = saved.minus_kk + at,
                                 .b = saved.b + at});
  });
}

}  // namespace

void ShiftTokens(const Compute& compute, const TimeMixPass& pass, const TokenShift& shift,
                 std::span<float* const> shifted, std::span<State> states) {
  const std::size_t width = pass.shape.width;
  for (std::size_t s = 0; s < pass.batch.sequences.size(); ++s) {
    const Sequence& sequence = pass.batch.sequences[s];
    float* carried = (states[s].*shift.carried).data() + pass.layer * width;
    const float* h = shift.h + sequence.begin * width;
    ForRowBlocks(compute, sequence.length, [&](std::size_t begin, std::size_t count) {
      TokenShiftArguments arguments{.count = shifted.size(),
                                    .h = h + begin * width,
                                    .previous = begin == 0 ? carried : h + (begin - 1) * width,
                                    .mix = {},
                                    .out = {}};
      for (std::size_t c = 0; c < shifted.size(); ++c) {
        arguments.mix[c] = shift.mix[c];
        arguments.out[c] = shifted[c] + (sequence.begin + begin) * width;
      }
      compute.elementwise().token_shift({count, width, width}, arguments);
    });
    std::memcpy(carried, h + (sequence.length - 1) * width, width * sizeof(float));
  }
}

void ShiftTokensBackward(const Compute& compute, const TimeMixPass& pass, const TokenShift& shift, float* dh,
                         std::span<float* const> dmix, std::span<float* const> dshifted, State* dstates) {
  const std::size_t width = pass.shape.width;
  ForColumnSlices(compute, width, [&](std::size_t column) {
    for (std::size_t s = 0; s < pass.batch.sequences.size(); ++s) {
      const Sequence& sequence = pass.batch.sequences[s];
      const std::size_t at = sequence.begin * width + column, carried = pass.layer * width + column;
      for (std::size_t row = 0; row < sequence.length; ++row) {
        std::fill_n(dh + at + row * width, kHeadSize, 0.0f);
      }
      TokenShiftBackwardArguments arguments{
          .count = dshifted.size(),
          .dh = dh + at,
          .dprevious = dstates == nullptr ? nullptr : (dstates[s].*shift.carried).data() + carried,
          .dmix = {},
          .dout = {},
          .h = shift.h + at,
          .previous = (sequence.initial->*shift.carried).data() + carried,
          .mix = {}};
      for (std::size_t c = 0; c < dshifted.size(); ++c) {
        arguments.dmix[c] = Offset(dmix[c], column);
        arguments.dout[c] = dshifted[c] + at;
        arguments.mix[c] = shift.mix[c] + column;
      }
      compute.elementwise().token_shift_backward({sequence.length, kHeadSize, width}, arguments);
    }
  });
}

void CopyRows(const Compute& compute, float* out, const float* x, std::size_t rows, std::size_t width) {
  if (out == x) return;
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    std::memcpy(out + begin * width, x + begin * width, count * width * sizeof(float));
  });
}

void PlanTimeMix(Arena& arena, TimeMixSaved& saved, const Shape& shape, const BlockView<const float>& block,
                 std::size_t rows, std::size_t chunks) {
  const std::size_t full = rows * shape.width, per_head = rows * shape.heads;
  for (float** tensor :
       {&saved.h, &saved.r, &saved.k0, &saved.v0, &saved.w_gate, &saved.d, &saved.a, &saved.v_gate, &saved.g,
        &saved.minus_kk, &saved.b, &saved.k, &saved.v, &saved.y, &saved.o, &saved.z}) {
    *tensor = arena.Take(full);
  }
  for (float*& tensor : saved.shifted) tensor = arena.Take(full);
  for (float** tensor : {&saved.mean, &saved.rstd}) *tensor = arena.Take(rows);
  for (float** tensor : {&saved.inverse_norm, &saved.group_mean, &saved.group_rstd, &saved.bonus}) {
    *tensor = arena.Take(per_head);
  }
  saved.w_hidden = arena.Take(rows * shape.ranks.w);
  saved.a_hidden = arena.Take(rows * shape.ranks.a);
  saved.v_hidden = arena.Take(rows * shape.ranks.v);
  saved.g_hidden = arena.Take(rows * shape.ranks.g);
  for (std::size_t i = 0; i < 4; ++i) saved.lora_hidden[i] = arena.Take(rows * block.linear[i].rank);
  saved.sa = chunks > 0 ? arena.Take(full) : nullptr;
  saved.chunk_states = chunks > 0 ? arena.Take(chunks * shape.heads * kHeadState) : nullptr;
}

void RecomputeTimeMix(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved, const float* x,
                      float* v_first, std::span<State> states) {
  const auto [rows, width, heads, square] = SizesOf(pass);
  const BlockView<const float>& block = pass.weights;
  LayerNormForward(compute, saved.h, saved.mean, saved.rstd, x, block.ln1, rows, width);
  ShiftTokens(compute, pass, ShiftOf(pass, saved), saved.shifted, states);
  LinearForward(compute, saved.r, Write::kOverwrite, saved.lora_hidden[0], saved.shifted[kR],
                block.linear[kReceptance], square);
  LinearForward(compute, saved.k0, Write::kOverwrite, saved.lora_hidden[1], saved.shifted[kK],
                block.linear[kKey], square);
  LinearForward(compute, saved.v0, Write::kOverwrite, saved.lora_hidden[2], saved.shifted[kV],
                block.linear[kValue], square);
  RunFactors(compute, pass, saved);
  PrepareWkv(compute, pass, saved, v_first);
  RunWkv(compute, pass, saved, states);
  ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
    const std::size_t at = begin * pass.shape.width, scalar = begin * pass.shape.heads;
    compute.elementwise().head_output({count, pass.shape.width, pass.shape.width},
                                      {.o = saved.o + at,
                                       .z = saved.z + at,
                                       .mean = saved.group_mean + scalar,
                                       .rstd = saved.group_rstd + scalar,
                                       .bonus = saved.bonus + scalar,
                                       .norm_stride = pass.shape.heads,
                                       .y = saved.y + at,
                                       .r = saved.r + at,
                                       .k = saved.k + at,
                                       .v = saved.v + at,
                                       .g = saved.g + at,
                                       .weight = block.ln_x.weight,
                                       .bias = block.ln_x.bias,
                                       .r_k = block.r_k});
  });
}

void TimeMixForward(const Compute& compute, const TimeMixPass& pass, TimeMixSaved& saved, float* x_out,
                    const float* x, float* v_first, std::span<State> states) {
  const auto [rows, width, heads, square] = SizesOf(pass);
  RecomputeTimeMix(compute, pass, saved, x, v_first, states);
  CopyRows(compute, x_out, x, rows, width);
  LinearForward(compute, x_out, Write::kAdd, saved.lora_hidden[kOutput], saved.z,
                pass.weights.linear[kOutput], square);
}

void PlanTimeMixScratch(Arena& arena, TimeMixScratch& scratch, const Shape& shape, std::size_t rows) {
  for (float*& tensor : scratch.full) tensor = arena.Take(rows * shape.width);
  scratch.narrow = arena.Take(rows * std::max({shape.ranks.w, shape.ranks.a, shape.ranks.v, shape.ranks.g}));
}

namespace {

// The scratch tensors by role; several roles share one tensor where their lifetimes do not meet.
struct Workspace {
  float* dshifted[6];
  float *dr, *dk, *dv, *dg, *dd, *dminus_kk, *db, *da, *dy, *dv_gate;

  explicit Workspace(const TimeMixScratch& scratch) {
    for (std::size_t i = 0; i < 6; ++i) dshifted[i] = scratch.full[i];
    float** roles[] = {&dr, &dk, &dv, &dg, &dd, &dminus_kk, &db, &da, &dy, &dv_gate};
    for (std::size_t i = 0; i < 10; ++i) *roles[i] = scratch.full[6 + i];
  }
};

void HeadOutputBackwardAll(const Compute& compute, const TimeMixPass& pass, const TimeMixSaved& saved,
                           const Workspace& w, const BlockView<float>& gradients, const float* dz) {
  const std::size_t width = pass.shape.width, heads = pass.shape.heads;
  const BlockView<const float>& block = pass.weights;
  ForColumnSlices(compute, width, [&](std::size_t c) {
    const std::size_t head = c / kHeadSize;
    compute.elementwise().head_output_backward({pass.batch.rows(), kHeadSize, width},
                                               {.dy = w.dy + c,
                                                .dr = w.dr + c,
                                                .dk = w.dk + c,
                                                .dv = w.dv + c,
                                                .dg = w.dg + c,
                                                .dweight = Offset(gradients.ln_x.weight, c),
                                                .dbias = Offset(gradients.ln_x.bias, c),
                                                .dr_k = Offset(gradients.r_k, c),
                                                .dz = dz + c,
                                                .o = saved.o + c,
                                                .y = saved.y + c,
                                                .r = saved.r + c,
                                                .k = saved.k + c,
                                                .v = saved.v + c,
                                                .g = saved.g + c,
                                                .weight = block.ln_x.weight + c,
                                                .r_k = block.r_k + c,
                                                .mean = saved.group_mean + head,
                                                .rstd = saved.group_rstd + head,
                                                .bonus = saved.bonus + head,
                                                .norm_stride = heads});
  });
}

// The parts of a layer in the order in which backward comes to them.
enum class Depth { kNothing, kOutput, kHeads, kState, kProjections, kInput };

// The last part that somebody asks for.
Depth DepthOf(const BlockView<float>& gradients, Reach reach, const State* dstates) {
  const auto is_trained = [](const float* tensor) { return tensor != nullptr; };
  if (reach == Reach::kInput || dstates != nullptr || IsTrained(gradients.ln1) ||
      std::any_of(gradients.mix.begin(), gradients.mix.end(), is_trained)) {
    return Depth::kInput;
  }
  const float* const projections[] = {gradients.w.down, gradients.w.up, gradients.a.down, gradients.a.up,
                                      gradients.v.down, gradients.v.up, gradients.g.down, gradients.g.up,
                                      gradients.w0,     gradients.a0,   gradients.v0,     gradients.k_k,
                                      gradients.k_a};
  if (IsTrained(gradients.linear[kReceptance]) || IsTrained(gradients.linear[kKey]) ||
      IsTrained(gradients.linear[kValue]) ||
      std::any_of(std::begin(projections), std::end(projections), is_trained)) {
    return Depth::kProjections;
  }
  if (gradients.time_state != nullptr) return Depth::kState;
  if (IsTrained(gradients.ln_x) || gradients.r_k != nullptr) return Depth::kHeads;
  return IsTrained(gradients.linear[kOutput]) ? Depth::kOutput : Depth::kNothing;
}

// Adds to dr, dk, dv, which head_output's backward has begun.
void WkvBackwardAll(const Compute& compute, const TimeMixPass& pass, const TimeMixSaved& saved,
                    const Workspace& w, const BlockView<float>& gradients, State* dstates) {
  const std::size_t width = pass.shape.width, heads = pass.shape.heads;
  const auto backward = [&](std::size_t s, std::size_t head) {
    const Sequence& sequence = pass.batch.sequences[s];
    const std::size_t at = sequence.begin * width + head * kHeadSize;
    float* scratch = compute.lane.WorkerScratch(kWkvBackwardScratch + kHeadState).data();
    float* dstate = scratch + kWkvBackwardScratch;
    std::fill_n(dstate, kHeadState, 0.0f);
    compute.kernels.wkv.backward({.tokens = sequence.length,
                                  .stride = width,
                                  .dr = w.dr + at,
                                  .dd = w.dd + at,
                                  .dk = w.dk + at,
                                  .dv = w.dv + at,
                                  .da = w.dminus_kk + at,
                                  .db = w.db + at,
                                  .dstate = dstate,
                                  .dy = w.dy + at,
                                  .chunk_states = ChunkStates(saved, sequence, heads, head),
                                  .sa = saved.sa + at,
                                  .r = saved.r + at,
                                  .d = saved.d + at,
                                  .k = saved.k + at,
                                  .v = saved.v + at,
                                  .a = saved.minus_kk + at,
                                  .b = saved.b + at,
                                  .scratch = scratch});
    if (dstates != nullptr) {
      std::memcpy(dstates[s].wkv.data() + (pass.layer * heads + head) * kHeadState, dstate,
                  kHeadState * sizeof(float));
    }
    if (gradients.time_state != nullptr) {
      compute.elementwise().add_scaled(gradients.time_state + head * kHeadState, dstate, 1, kHeadState);
    }
  };
  const std::size_t sequences = pass.batch.sequences.size();
  if (gradients.time_state == nullptr) {
    compute.lane.ParallelFor(sequences * heads,
                             [&](std::size_t task) { backward(task / heads, task % heads); });
  } else {
    // One thread adds up what all sequences say of a head, in their order.
    compute.lane.ParallelFor(heads, [&](std::size_t head) {
      for (std::size_t s = 0; s < sequences; ++s) backward(s, head);
    });
  }
}

// From the gradients of what wkv read to those of the linear maps' outputs: dk becomes dk0, dv becomes dv0,
// and dd, da, dv_gate become gradients before their sigmoids. A few rows go all the way before the next, so
// that they stay in the cache.
void PrepareWkvBackward(const Compute& compute, const TimeMixPass& pass, const TimeMixSaved& saved,
                        const Workspace& w, const BlockView<float>& gradients, const float* v_first,
                        float* dv_first) {
  const std::size_t width = pass.shape.width, heads = pass.shape.heads, rows = pass.batch.rows();
  const ElementwiseKernels& kernels = compute.elementwise();
  const BlockView<const float>& block = pass.weights;
  ForColumnSlices(compute, width, [&](std::size_t c) {
    for (std::size_t begin = 0; begin < rows; begin += kCachedRows) {
      const Region region{std::min(kCachedRows, rows - begin), kHeadSize, width};
      const std::size_t at = begin * width + c;
      for (std::size_t row = 0; row < region.rows; ++row) {
        const std::size_t here = at + row * width;
        if (pass.layer == 0) kernels.add_scaled(w.dv + here, dv_first + here, 1, kHeadSize);
        std::fill_n(w.da + here, kHeadSize, 0.0f);
      }
      kernels.key_backward(region, {.dk0 = w.dk + at,
                                    .da = w.da + at,
                                    .dk_k = Offset(gradients.k_k, c),
                                    .dk_a = Offset(gradients.k_a, c),
                                    .dminus_kk = w.dminus_kk + at,
                                    .db = w.db + at,
                                    .dk = w.dk + at,
                                    .minus_kk = saved.minus_kk + at,
                                    .inverse_norm = saved.inverse_norm + begin * heads + c / kHeadSize,
                                    .k0 = saved.k0 + at,
                                    .a = saved.a + at,
                                    .k_k = block.k_k + c,
                                    .k_a = block.k_a + c,
                                    .norm_stride = heads});
      kernels.sigmoid_bias_backward(region, w.da + at, Offset(gradients.a0, c), saved.a + at);
      kernels.decay_backward(region, w.dd + at, w.dd + at, saved.d + at);
      kernels.sigmoid_bias_backward(region, w.dd + at, Offset(gradients.w0, c), saved.w_gate + at);
      if (pass.layer == 0) continue;
      kernels.value_residual_backward(region, w.dv + at, dv_first + at, w.dv_gate + at, w.dv + at,
                                      saved.v0 + at, v_first + at, saved.v_gate + at);
      kernels.sigmoid_bias_backward(region, w.dv_gate + at, Offset(gradients.v0, c), saved.v_gate + at);
    }
  });
}

enum class Hidden { kLinear, kTanh, kSigmoid };

struct FactorPass {
  float* dx;  // [R, D]; null where nobody asks for it
  Write write;
  float* dhidden;       // [R, rank], scratch
  const float* dout;    // [R, D]
  const float* hidden;  // [R, rank], after its activation
  const float* x;       // [R, D]
  std::size_t rank;
  Hidden activation;
};

void FactorsBackward(const Compute& compute, const FactorPass& p, const FactorView<float>& gradients,
                     const FactorView<const float>& weights, std::size_t rows, std::size_t width) {
  const bool reaches_hidden = p.dx != nullptr || gradients.down != nullptr;
  FactorBackward(compute, reaches_hidden ? p.dhidden : nullptr, Write::kOverwrite, gradients.up, p.dout,
                 p.hidden, weights.up, {rows, p.rank, width});
  if (!reaches_hidden) return;
  if (p.activation != Hidden::kLinear) {
    ForRowBlocks(compute, rows, [&](std::size_t begin, std::size_t count) {
      const std::size_t at = begin * p.rank;
      const auto backward = p.activation == Hidden::kTanh ? compute.elementwise().tanh_backward
                                                          : compute.elementwise().sigmoid_backward;
      backward(p.dhidden + at, p.hidden + at, count * p.rank);
    });
  }
  FactorBackward(compute, p.dx, p.write, gradients.down, p.dhidden, p.x, weights.down, {rows, width, p.rank});
}

void AllFactorsBackward(const Compute& compute, const TimeMixPass& pass, const TimeMixSaved& saved,
                        const TimeMixScratch& scratch, const Workspace& w, const BlockView<float>& gradients,
                        Depth depth) {
  const std::size_t rows = pass.batch.rows(), width = pass.shape.width;
  const auto dx = [&](Shifted part) { return depth == Depth::kInput ? w.dshifted[part] : nullptr; };
  const LoraRanks& ranks = pass.shape.ranks;
  const BlockView<const float>& block = pass.weights;
  FactorsBackward(compute,
                  {dx(kW), Write::kOverwrite, scratch.narrow, w.dd, saved.w_hidden, saved.shifted[kW],
                   ranks.w, Hidden::kTanh},
                  gradients.w, block.w, rows, width);
  FactorsBackward(compute,
                  {dx(kA), Write::kOverwrite, scratch.narrow, w.da, saved.a_hidden, saved.shifted[kA],
                   ranks.a, Hidden::kLinear},
                  gradients.a, block.a, rows, width);
  FactorsBackward(compute,
                  {dx(kG), Write::kOverwrite, scratch.narrow, w.dg, saved.g_hidden, saved.shifted[kG],
                   ranks.g, Hidden::kSigmoid},
                  gradients.g, block.g, rows, width);
  if (pass.layer == 0) return;
  FactorsBackward(compute,
                  {dx(kV), Write::kAdd, scratch.narrow, w.dv_gate, saved.v_hidden, saved.shifted[kV], ranks.v,
                   Hidden::kLinear},
                  gradients.v, block.v, rows, width);
}

}  // namespace

bool IsTrained(const LinearView<float>& gradients) {
  return gradients.weight != nullptr || gradients.lora_a != nullptr || gradients.lora_b != nullptr;
}

bool IsTrained(const NormView<float>& gradients) {
  return gradients.weight != nullptr || gradients.bias != nullptr;
}

bool IsTimeMixTrained(const BlockView<float>& gradients) {
  return DepthOf(gradients, Reach::kParameters, nullptr) != Depth::kNothing;
}

void TimeMixBackward(const Compute& compute, const TimeMixPass& pass, const TimeMixSaved& saved,
                     TimeMixScratch& scratch, const BlockView<float>& gradients, Reach reach, float* dx,
                     const float* x, const float* v_first, float* dv_first, State* dstates) {
  const Depth depth = DepthOf(gradients, reach, dstates);
  const auto [rows, width, heads, square] = SizesOf(pass);
  const BlockView<const float>& block = pass.weights;
  const Workspace w(scratch);
  // Free until the linear maps' backward.
  float* dz = depth == Depth::kOutput ? nullptr : w.dshifted[kR];
  LinearBackward(compute, dz, Write::kOverwrite, gradients.linear[kOutput], dx, saved.z,
                 saved.lora_hidden[kOutput], block.linear[kOutput], square);
  if (depth == Depth::kOutput) return;
  HeadOutputBackwardAll(compute, pass, saved, w, gradients, dz);
  if (depth == Depth::kHeads) return;
  WkvBackwardAll(compute, pass, saved, w, gradients, dstates);
  if (depth == Depth::kState) return;
  PrepareWkvBackward(compute, pass, saved, w, gradients, v_first, dv_first);
  struct Projection {
    BigMatrix matrix;
    Shifted input;
    const float* dout;
  };
  for (const auto& [matrix, input, dout] :
       {Projection{kReceptance, kR, w.dr}, Projection{kKey, kK, w.dk}, Projection{kValue, kV, w.dv}}) {
    LinearBackward(compute, depth == Depth::kInput ? w.dshifted[input] : nullptr, Write::kOverwrite,
                   gradients.linear[matrix], dout, saved.shifted[input], saved.lora_hidden[matrix],
                   block.linear[matrix], square);
  }
  AllFactorsBackward(compute, pass, saved, scratch, w, gradients, depth);
  if (depth == Depth::kProjections) return;
  float* dh = w.dy;  // free again
  ShiftTokensBackward(compute, pass, ShiftOf(pass, saved), dh, gradients.mix, w.dshifted, dstates);
  LayerNormBackward(compute, dx, gradients.ln1, dh, x, saved.mean, saved.rstd, block.ln1, rows, width);
}

}  // namespace ouroboros
