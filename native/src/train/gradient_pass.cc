#include "train/gradient_pass.h"

#include <algorithm>
#include <utility>

namespace ouroboros {
namespace {

LossTotals TotalsOf(std::span<const TrainSequence> batch) {
  LossTotals totals{0, 0, 0};
  for (const TrainSequence& sequence : batch) {
    totals.rows += sequence.inputs.size();
    for (const float weight : sequence.weights) totals.weight += static_cast<double>(weight);
    for (const float weight : sequence.kl_weights) totals.kl_weight += static_cast<double>(weight);
  }
  return totals;
}

// Whether any gradient of the layers, the embedding or the final norm depends on the hidden rows' gradient.
bool IsHiddenTrained(const Gradients& gradients, std::size_t lowest, const State* dstates) {
  return dstates != nullptr || lowest < gradients.blocks.size() || IsTrained(gradients.ln_out);
}

bool Recomputes(Checkpointing wish, const Shape& shape, std::size_t rows, std::size_t lowest) {
  if (wish != Checkpointing::kAuto) return wish == Checkpointing::kOn;
  return ActivationBytes(shape, rows, {lowest, false}) > kActivationBytesMax;
}

}  // namespace

Loss GradientPass::Run(const Compute& compute, const Shape& shape, const Weights& weights,
                       std::span<const TrainSequence> batch, const PassOptions& options,
                       const Gradients& gradients, State* dstates) {
  const LossTotals totals = TotalsOf(batch);
  const std::size_t at_once = options.sequences_at_once == 0 ? batch.size() : options.sequences_at_once;
  Loss sum{0, 0};
  for (std::size_t first = 0; first < batch.size(); first += at_once) {
    std::vector<Part> parts;
    for (const TrainSequence& sequence : batch.subspan(first, std::min(at_once, batch.size() - first))) {
      parts.push_back({&sequence, 0, sequence.state->Copy()});
    }
    Gradients asked = gradients;
    State* dstarts = dstates == nullptr ? nullptr : dstates + first;
    while (!parts.empty()) {
      sum += RunWindow(compute, shape, weights, parts, options, totals, asked, dstarts);
      std::erase_if(parts, [](const Part& part) { return part.begin == part.sequence->inputs.size(); });
      dstarts = nullptr;
      for (BlockView<float>& block : asked.blocks) block.time_state = nullptr;
    }
  }
  return sum;
}

void GradientPass::Append(const Part& part, std::size_t length, const State& start, std::size_t vocabulary) {
  const TrainSequence& sequence = *part.sequence;
  batch_.Append(std::span(sequence.inputs).subspan(part.begin, length), start);
  const bool is_held = sequence.reference != nullptr && !sequence.kl_weights.empty();
  for (std::size_t t = part.begin; t < part.begin + length; ++t) {
    rows_.push_back({sequence.targets[t], sequence.weights[t], is_held ? sequence.kl_weights[t] : 0.0f,
                     is_held ? sequence.reference->logits.data() + t * vocabulary : nullptr,
                     is_held ? sequence.reference->log_sum_exp[t] : 0.0f});
  }
}

Loss GradientPass::RunWindow(const Compute& compute, const Shape& shape, const Weights& weights,
                             std::span<Part> parts, const PassOptions& options, const LossTotals& totals,
                             Gradients& gradients, State* dstates) {
  batch_ = {};
  rows_.clear();
  std::vector<State> starts, states;
  starts.reserve(parts.size());  // the batch points to them
  for (Part& part : parts) {
    const std::size_t left = part.sequence->inputs.size() - part.begin;
    const std::size_t length = options.detach_every == 0 ? left : std::min(left, options.detach_every);
    starts.push_back(std::move(part.state));
    states.push_back(starts.back().Copy());
    Append(part, length, starts.back(), shape.vocabulary);
    part.begin += length;
  }
  const std::size_t lowest = dstates != nullptr ? 0 : LowestTrainedLayer(gradients);
  const CheckpointingPlan checkpointing{lowest,
                                        Recomputes(options.checkpointing, shape, batch_.rows(), lowest)};
  ModelForward(compute, shape, weights, batch_, activations_, Mode::kTraining, states, nullptr,
               checkpointing);
  const bool is_hidden_trained = IsHiddenTrained(gradients, lowest, dstates);
  dh_.Grow(batch_.rows() * shape.width);
  const Loss loss = LossBackward(compute, shape, weights, loss_, is_hidden_trained ? dh_.data() : nullptr,
                                 gradients.head, activations_.h, rows_, totals, options.l2wrap);
  if (is_hidden_trained) {
    ModelBackward(compute, shape, weights, batch_, activations_, backward_, gradients, dh_.data(), dstates);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].state = std::move(states[i]);
  return loss;
}

}  // namespace ouroboros
