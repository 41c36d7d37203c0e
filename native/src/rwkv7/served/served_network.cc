#include "rwkv7/served/served_network.h"

#include <algorithm>
#include <cstring>

#include "ops/layer_norm.h"

namespace ouroboros {
namespace {

constexpr std::size_t kHeadState = kHeadSize * kHeadSize;
enum Shifted : std::size_t { kR, kW, kK, kV, kA, kG };
// Rows that one task normalises and shifts.
constexpr std::size_t kTaskRows = 8;

bool HasQuantized(const ServedBlock& block) {
  const auto is_quantized = [](const PackedMatrix& matrix) {
    return !matrix.empty() && IsQuantized(matrix.type);
  };
  for (const ServedLinear& linear : block.linear) {
    if (is_quantized(linear.weight)) return true;
  }
  for (const ServedFactors* factors : {&block.w, &block.a, &block.v, &block.g}) {
    if (is_quantized(factors->down) || is_quantized(factors->up)) return true;
  }
  return false;
}

// One layer of one pass.
class LayerPass {
 public:
  LayerPass(const Compute& compute, const Shape& shape, const ServedBlock& block, const Batch& batch,
            ServedBuffers& buffers, std::size_t layer, std::span<State> states)
      : compute_(compute),
        kernels_(compute.elementwise()),
        packed_(compute.kernels.packed),
        shape_(shape),
        block_(block),
        batch_(batch),
        b_(buffers),
        layer_(layer),
        states_(states),
        rows_(batch.rows()),
        width_(shape.width) {}

  void Run();

 private:
  std::size_t RowTasks() const { return (rows_ + kTaskRows - 1) / kTaskRows; }
  // body(first, count) for the rows of a task.
  template <typename Body>
  void ForRowsOf(std::size_t task, const Body& body) const {
    const std::size_t first = task * kTaskRows;
    body(first, std::min(kTaskRows, rows_ - first));
  }
  // body(sequence index, first, count) for the rows of a task, sequence by sequence.
  template <typename Body>
  void ForPartsOf(std::size_t task, const Body& body) const {
    const std::size_t first = task * kTaskRows, last = std::min(first + kTaskRows, rows_);
    for (std::size_t s = 0; s < batch_.sequences.size(); ++s) {
      const Sequence& sequence = batch_.sequences[s];
      const std::size_t from = std::max(first, sequence.begin);
      const std::size_t to = std::min(last, sequence.begin + sequence.length);
      if (from < to) body(s, from, to - from);
    }
  }

  void NormAndShift(std::size_t task, const NormView<const float>& norm, Buffer State::* carried,
                    std::span<const float* const> mixes, Operand* outs) const;
  void ActivateHidden(std::size_t first, std::size_t count) const;
  void RunHead(std::size_t task) const;
  void Gates(std::size_t head, std::size_t s) const;
  void SquareKeys(std::size_t task) const;
  // The products of a layer, those of a phase together.
  struct ProductPhases {
    PackedProducts inputs, output, output_lora, key, key_lora, value, value_lora;
  };
  ProductPhases MakeProducts() const;
  PackedProducts Products() const { return {packed_, rows_, compute_.lane.threads()}; }
  PackedProduct Linear(BigMatrix matrix, const Operand& x, float* y, std::size_t y_stride,
                       bool accumulate) const {
    return {&block_.linear[matrix].weight, &x, y, y_stride, accumulate};
  }
  PackedProduct LoraA(BigMatrix matrix, const Operand& x) const {
    const Operand& hidden = b_.lora_hidden[matrix];
    return {&block_.linear[matrix].lora_a, &x, hidden.values, hidden.stride, false};
  }
  PackedProduct LoraB(BigMatrix matrix, float* y, std::size_t y_stride) const {
    return {&block_.linear[matrix].lora_b, &b_.lora_hidden[matrix], y, y_stride, true};
  }
  PackedProduct Factor(const PackedMatrix& matrix, const Operand& x, float* y, std::size_t y_stride) const {
    return {&matrix, &x, y, y_stride, false};
  }

  const Compute& compute_;
  const ElementwiseKernels& kernels_;
  const PackedKernels& packed_;
  const Shape& shape_;
  const ServedBlock& block_;
  const Batch& batch_;
  ServedBuffers& b_;
  const std::size_t layer_;
  const std::span<State> states_;
  const std::size_t rows_, width_;
};

// h = norm(x), outs = h + (h of the row before - h) * mix, and rounded. The row before a task's first is
// normalised once more: cheaper than waiting for the task that has it.
void LayerPass::NormAndShift(std::size_t task, const NormView<const float>& norm, Buffer State::* carried,
                             std::span<const float* const> mixes, Operand* outs) const {
  const auto normalise = [&](float* h, std::size_t row, std::size_t count, float* statistics) {
    kernels_.layer_norm({count, width_, width_}, h, statistics, statistics + count, b_.x + row * width_,
                        norm.weight, norm.bias, kLayerNormEpsilon);
  };
  const std::span<float> scratch = compute_.lane.WorkerScratch(width_ + 2 * kTaskRows);
  float* const statistics = scratch.data() + width_;
  ForPartsOf(task, [&](std::size_t s, std::size_t first, std::size_t count) {
    normalise(b_.h + first * width_, first, count, statistics);
    const float* previous = (states_[s].*carried).data() + layer_ * width_;
    if (first > batch_.sequences[s].begin) {
      normalise(scratch.data(), first - 1, 1, statistics);
      previous = scratch.data();
    }
    TokenShiftArguments arguments{
        .count = mixes.size(), .h = b_.h + first * width_, .previous = previous, .mix = {}, .out = {}};
    for (std::size_t i = 0; i < mixes.size(); ++i) {
      arguments.mix[i] = mixes[i];
      arguments.out[i] = outs[i].Row(first);
    }
    kernels_.token_shift({count, width_, width_}, arguments);
    for (std::size_t i = 0; i < mixes.size(); ++i) Quantize(packed_, outs[i], first, count);
  });
}

void LayerPass::ActivateHidden(std::size_t first, std::size_t count) const {
  for (std::size_t row = first; row < first + count; ++row) {
    kernels_.tanh(b_.w_hidden.Row(row), shape_.ranks.w);
    kernels_.sigmoid(b_.g_hidden.Row(row), shape_.ranks.g);
  }
  for (const Operand* hidden : {&b_.w_hidden, &b_.a_hidden, &b_.g_hidden}) {
    Quantize(packed_, *hidden, first, count);
  }
  if (layer_ > 0) Quantize(packed_, b_.v_hidden, first, count);
}

// The 64 columns of a head that come from products with narrow factors, and LoRA's share of r, k and v.
void LayerPass::Gates(std::size_t head, std::size_t s) const {
  const Sequence& sequence = batch_.sequences[s];
  const std::size_t panel = head * (kHeadSize / kPanel);
  const auto multiply = [&](const PackedProduct& product) {
    if (product.matrix->empty()) return;
    MultiplyPart(packed_, product, sequence.begin, sequence.length, panel, panel + kHeadSize / kPanel);
  };
  multiply(Factor(block_.w.up, b_.w_hidden, b_.w_gate, width_));
  multiply(Factor(block_.a.up, b_.a_hidden, b_.a, width_));
  multiply(Factor(block_.g.up, b_.g_hidden, b_.g, width_));
  if (layer_ > 0) multiply(Factor(block_.v.up, b_.v_hidden, b_.v_gate, width_));
  multiply(LoraB(kReceptance, b_.r, width_));
  multiply(LoraB(kKey, b_.k0, width_));
  multiply(LoraB(kValue, b_.v0, width_));
}

void LayerPass::RunHead(std::size_t task) const {
  const std::size_t heads = shape_.heads, head = task % heads, s = task / heads;
  const Sequence& sequence = batch_.sequences[s];
  const BlockView<const float>& vectors = block_.vectors;
  const std::size_t column = head * kHeadSize, at = sequence.begin * width_ + column;
  const std::size_t scalar = sequence.begin * heads + head;
  const Region region{sequence.length, kHeadSize, width_};
  Gates(head, s);
  kernels_.sigmoid_bias(region, b_.w_gate + at, vectors.w0 + column);
  kernels_.decay(region, b_.d + at, b_.w_gate + at);
  kernels_.sigmoid_bias(region, b_.a + at, vectors.a0 + column);
  if (layer_ == 0) {
    for (std::size_t row = 0; row < sequence.length; ++row) {
      const std::size_t offset = at + row * width_;
      std::copy_n(b_.v0 + offset, kHeadSize, b_.v + offset);
      std::copy_n(b_.v0 + offset, kHeadSize, b_.v_first + offset);
    }
  } else {
    kernels_.sigmoid_bias(region, b_.v_gate + at, vectors.v0 + column);
    kernels_.value_residual(region, b_.v + at, b_.v0 + at, b_.v_first + at, b_.v_gate + at);
  }
  kernels_.key(region, {.minus_kk = b_.minus_kk + at,
                        .b = b_.b + at,
                        .k = b_.k + at,
                        .inverse_norm = b_.inverse_norm + scalar,
                        .norm_stride = heads,
                        .k0 = b_.k0 + at,
                        .a = b_.a + at,
                        .k_k = vectors.k_k + column,
                        .k_a = vectors.k_a + column});
  compute_.kernels.wkv.forward({.tokens = sequence.length,
                                .stride = width_,
                                .y = b_.y + at,
                                .state = states_[s].wkv.data() + (layer_ * heads + head) * kHeadState,
                                .chunk_states = nullptr,
                                .sa = nullptr,
                                .r = b_.r + at,
                                .d = b_.d + at,
                                .k = b_.k + at,
                                .v = b_.v + at,
                                .a = b_.minus_kk + at,
                                .b = b_.b + at});
  kernels_.head_output(region, {.o = b_.o + at,
                                .z = b_.z.values + at,
                                .mean = b_.group_mean + scalar,
                                .rstd = b_.group_rstd + scalar,
                                .bonus = b_.bonus + scalar,
                                .norm_stride = heads,
                                .y = b_.y + at,
                                .r = b_.r + at,
                                .k = b_.k + at,
                                .v = b_.v + at,
                                .g = b_.g + at,
                                .weight = vectors.ln_x.weight + column,
                                .bias = vectors.ln_x.bias + column,
                                .r_k = vectors.r_k + column});
  // The shift's memory of this head's columns: all tasks that read the old one are through.
  std::copy_n(b_.h + at + (sequence.length - 1) * width_, kHeadSize,
              states_[s].att_shift.data() + layer_ * width_ + column);
}

void LayerPass::SquareKeys(std::size_t task) const {
  ForPartsOf(task, [&](std::size_t s, std::size_t first, std::size_t count) {
    for (std::size_t row = first; row < first + count; ++row) {
      kernels_.relu_squared(b_.key + row * shape_.ffn, b_.squared.Row(row), shape_.ffn);
    }
    Quantize(packed_, b_.squared, first, count);
    const Sequence& sequence = batch_.sequences[s];
    if (first + count < sequence.begin + sequence.length) return;
    std::copy_n(b_.h + (first + count - 1) * width_, width_, states_[s].ffn_shift.data() + layer_ * width_);
  });
}

LayerPass::ProductPhases LayerPass::MakeProducts() const {
  ProductPhases phases{Products(), Products(), Products(), Products(), Products(), Products(), Products()};
  phases.inputs.Add(Linear(kReceptance, b_.shifted[kR], b_.r, width_, false));
  phases.inputs.Add(Linear(kKey, b_.shifted[kK], b_.k0, width_, false));
  phases.inputs.Add(Linear(kValue, b_.shifted[kV], b_.v0, width_, false));
  phases.inputs.Add(Factor(block_.g.down, b_.shifted[kG], b_.g_hidden.values, b_.g_hidden.stride));
  phases.inputs.Add(Factor(block_.w.down, b_.shifted[kW], b_.w_hidden.values, b_.w_hidden.stride));
  phases.inputs.Add(Factor(block_.a.down, b_.shifted[kA], b_.a_hidden.values, b_.a_hidden.stride));
  if (layer_ > 0) {
    phases.inputs.Add(Factor(block_.v.down, b_.shifted[kV], b_.v_hidden.values, b_.v_hidden.stride));
  }
  phases.inputs.Add(LoraA(kReceptance, b_.shifted[kR]));
  phases.inputs.Add(LoraA(kKey, b_.shifted[kK]));
  phases.inputs.Add(LoraA(kValue, b_.shifted[kV]));

  phases.output.Add(Linear(kOutput, b_.z, b_.x, width_, true));
  phases.output.Add(LoraA(kOutput, b_.z));
  phases.output_lora.Add(LoraB(kOutput, b_.x, width_));

  phases.key.Add(Linear(kFfnKey, b_.shifted[kK], b_.key, shape_.ffn, false));
  phases.key.Add(LoraA(kFfnKey, b_.shifted[kK]));
  phases.key_lora.Add(LoraB(kFfnKey, b_.key, shape_.ffn));

  phases.value.Add(Linear(kFfnValue, b_.squared, b_.x, width_, true));
  phases.value.Add(LoraA(kFfnValue, b_.squared));
  phases.value_lora.Add(LoraB(kFfnValue, b_.x, width_));
  return phases;
}

// A phase ends before the next begins; what it needs stands in the buffers.
void LayerPass::Run() {
  const ProductPhases products = MakeProducts();
  const auto run_of = [](const PackedProducts& phase) {
    return [&phase](std::size_t task) { phase.Run(task); };
  };
  const auto inputs = run_of(products.inputs), output = run_of(products.output),
             output_lora = run_of(products.output_lora), key = run_of(products.key),
             key_lora = run_of(products.key_lora), value = run_of(products.value),
             value_lora = run_of(products.value_lora);
  const auto shift_time = [&](std::size_t task) {
    NormAndShift(task, block_.vectors.ln1, &State::att_shift, block_.vectors.mix, b_.shifted.data());
  };
  const auto activate = [&](std::size_t task) {
    ForRowsOf(task, [&](std::size_t first, std::size_t count) { ActivateHidden(first, count); });
  };
  const auto run_heads = [&](std::size_t task) { RunHead(task); };
  const auto round_z = [&](std::size_t task) {
    ForRowsOf(task, [&](std::size_t first, std::size_t count) { Quantize(packed_, b_.z, first, count); });
  };
  const auto shift_channel = [&](std::size_t task) {
    NormAndShift(task, block_.vectors.ln2, &State::ffn_shift, {&block_.vectors.ffn_mix, 1}, &b_.shifted[kK]);
  };
  const auto square = [&](std::size_t task) { SquareKeys(task); };

  std::vector<Phase> phases;
  phases.reserve(kPhasesMax);
  const auto add_if_any = [&](std::size_t tasks, FunctionRef<void(std::size_t task)> body) {
    if (tasks > 0) phases.push_back({tasks, body});
  };
  phases.push_back({RowTasks(), shift_time});
  add_if_any(products.inputs.tasks(), inputs);
  phases.push_back({RowTasks(), activate});
  phases.push_back({shape_.heads * batch_.sequences.size(), run_heads});
  if (b_.z.quantized.values != nullptr) phases.push_back({RowTasks(), round_z});
  add_if_any(products.output.tasks(), output);
  add_if_any(products.output_lora.tasks(), output_lora);
  phases.push_back({RowTasks(), shift_channel});
  add_if_any(products.key.tasks(), key);
  add_if_any(products.key_lora.tasks(), key_lora);
  phases.push_back({RowTasks(), square});
  add_if_any(products.value.tasks(), value);
  add_if_any(products.value_lora.tasks(), value_lora);
  compute_.lane.RunPhases(phases);
}

}  // namespace

void ServedNetwork::Plan() {
  ServedBuffers& b = buffers_;
  const std::size_t rows = batch().rows(), full = rows * shape_.width, per_head = rows * shape_.heads;
  // An adapter may have replaced any of the model's matrices by its own, of another type.
  const bool quantizes = std::any_of(weights_.blocks.begin(), weights_.blocks.end(), HasQuantized);
  std::array<std::size_t, kBigMatrices> lora_ranks{};
  for (const ServedBlock& block : weights_.blocks) {
    for (std::size_t i = 0; i < kBigMatrices; ++i) {
      lora_ranks[i] = std::max(lora_ranks[i], block.linear[i].lora_a.outputs);
    }
  }
  const auto operands = [&](const auto& visit) {
    for (Operand& operand : b.shifted) visit(operand, shape_.width, quantizes);
    visit(b.w_hidden, shape_.ranks.w, quantizes);
    visit(b.a_hidden, shape_.ranks.a, quantizes);
    visit(b.v_hidden, shape_.ranks.v, quantizes);
    visit(b.g_hidden, shape_.ranks.g, quantizes);
    for (std::size_t i = 0; i < kBigMatrices; ++i) visit(b.lora_hidden[i], lora_ranks[i], false);
    visit(b.z, shape_.width, quantizes);
    visit(b.squared, shape_.ffn, quantizes);
  };
  b.arena.Run([&](Arena& arena) {
    for (float** tensor : {&b.x, &b.h, &b.r, &b.k0, &b.v0, &b.w_gate, &b.d, &b.a, &b.v_gate, &b.g,
                           &b.minus_kk, &b.b, &b.k, &b.v, &b.v_first, &b.y, &b.o}) {
      *tensor = arena.Take(full);
    }
    for (float** tensor : {&b.inverse_norm, &b.group_mean, &b.group_rstd, &b.bonus}) {
      *tensor = arena.Take(per_head);
    }
    for (float** tensor : {&b.mean, &b.rstd}) *tensor = arena.Take(rows);
    b.key = arena.Take(rows * shape_.ffn);
    operands([&](Operand& operand, std::size_t inputs, bool rounds) {
      PlanOperand(arena, operand, rows, inputs, rounds);
    });
  });
  operands([&](Operand& operand, std::size_t, bool) { ZeroPadding(operand, rows); });
}

void ServedNetwork::Begin(std::span<const PassSequence> sequences) {
  TakeSequences(sequences);
  Plan();
  const std::size_t width = shape_.width;
  ForRowBlocks(compute(), batch().rows(), [&](std::size_t first, std::size_t count) {
    for (std::size_t row = first; row < first + count; ++row) {
      weights_.emb.Row(batch().tokens[row], width, buffers_.h + row * width);
    }
    const NormView<const float>& ln0 = weights_.blocks[0].vectors.ln0;
    compute().elementwise().layer_norm({count, width, width}, buffers_.x + first * width,
                                       buffers_.mean + first, buffers_.rstd + first,
                                       buffers_.h + first * width, ln0.weight, ln0.bias, kLayerNormEpsilon);
  });
}

void ServedNetwork::Layer(std::size_t layer) {
  LayerPass(compute(), shape_, weights_.blocks[layer], batch(), buffers_, layer, states()).Run();
}

void ServedNetwork::End() {
  LayerNormForward(compute(), buffers_.h, buffers_.mean, buffers_.rstd, buffers_.x, weights_.ln_out,
                   batch().rows(), shape_.width);
  ReturnStates();
}

void ServedNetwork::Logits(float* logits, std::size_t first_row, std::size_t rows) {
  const float* const h = buffers_.h + first_row * shape_.width;
  const PackedKernels& kernels = compute().kernels.packed;
  Lane& lane = compute().lane;
  Operand& input = buffers_.head_input;
  buffers_.head_arena.Run(
      [&](Arena& arena) { PlanOperand(arena, input, rows, shape_.width, IsQuantized(weights_.head.type)); });
  PackedProducts head(kernels, rows, lane.threads());
  head.Add({&weights_.head, &input, logits, shape_.vocabulary, false});
  const auto take = [&](std::size_t task) {
    const std::size_t first = task * kTaskRows, count = std::min(kTaskRows, rows - first);
    std::copy_n(h + first * shape_.width, count * shape_.width, input.Row(first));
    Quantize(kernels, input, first, count);
  };
  const auto multiply = [&](std::size_t task) { head.Run(task); };
  const Phase phases[] = {{(rows + kTaskRows - 1) / kTaskRows, take}, {head.tasks(), multiply}};
  lane.RunPhases(phases);
}

}  // namespace ouroboros
