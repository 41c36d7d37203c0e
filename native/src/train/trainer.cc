#include "train/trainer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "files/safetensors_writer.h"
#include "files/tensor_file.h"
#include "rwkv7/packed_adapter.h"

namespace ouroboros {
namespace {

constexpr std::size_t kZeroSlice = std::size_t{1} << 18;

}  // namespace

LossTotals GradientPass::Totals(std::span<const TrainSequence> batch) {
  LossTotals totals{0, 0};
  for (const TrainSequence& sequence : batch) {
    for (const float weight : sequence.weights) totals.weight += static_cast<double>(weight);
    for (const float weight : sequence.kl_weights) totals.kl_weight += static_cast<double>(weight);
  }
  return totals;
}

Loss GradientPass::Run(const Compute& compute, const Shape& shape, const Weights& weights,
                       std::span<const TrainSequence> sequences, const LossTotals& totals, bool l2wrap,
                       Gradients& gradients, State* dstates, std::vector<State>* final_states) {
  Batch batch;
  std::vector<State> states;
  rows_.clear();
  for (const TrainSequence& sequence : sequences) {
    batch.Append(sequence.inputs, *sequence.state);
    states.push_back(sequence.state->Copy());
    const bool held = sequence.reference != nullptr && !sequence.kl_weights.empty();
    for (std::size_t t = 0; t < sequence.inputs.size(); ++t) {
      const float kl_weight = held ? sequence.kl_weights[t] : 0.0f;
      rows_.push_back({sequence.targets[t], sequence.weights[t], kl_weight,
                       held ? sequence.reference->logits.data() + t * shape.vocabulary : nullptr,
                       held ? sequence.reference->log_sum_exp[t] : 0.0f});
    }
  }
  ModelForward(compute, shape, weights, batch, activations_, Mode::kTraining, states);
  dh_.Grow(batch.rows() * shape.width);
  const Loss loss = LossBackward(compute, shape, weights, loss_, dh_.data(), gradients.head, activations_.h,
                                 rows_, totals, l2wrap);
  ModelBackward(compute, shape, weights, batch, activations_, backward_, gradients, dh_.data(), dstates);
  if (final_states != nullptr) *final_states = std::move(states);
  return loss;
}

Trainer::Trainer(std::shared_ptr<const Checkpoint> checkpoint, ParameterSet set, const AdamWOptions& options)
    : checkpoint_(std::move(checkpoint)), set_(std::move(set)), options_(options) {
  for (Buffer* buffer : {&moments_.m, &moments_.v, &gradients_}) {
    buffer->Grow(set_.values.size());
    buffer->Zero();
  }
}

TrainStep Trainer::Measure(const Compute& compute, std::span<const TrainSequence> batch, bool l2wrap) {
  compute.lane.ParallelFor((gradients_.size() + kZeroSlice - 1) / kZeroSlice, [&](std::size_t slice) {
    const std::size_t begin = slice * kZeroSlice;
    std::fill_n(gradients_.data() + begin, std::min(kZeroSlice, gradients_.size() - begin), 0.0f);
  });
  Gradients gradients = BindGradients(shape(), set_, gradients_.data());
  const Loss loss = pass_.Run(compute, shape(), CurrentWeights(), batch, GradientPass::Totals(batch), l2wrap,
                              gradients, nullptr, nullptr);
  return {loss, GradientNorm(compute, set_, gradients_.data()), false};
}

Trainer::StepResult Trainer::Step(const Compute& compute, std::span<const TrainSequence> batch,
                                  float learning_rate, bool l2wrap, const std::stop_token& stop) {
  TrainStep step{};
  try {
    step = Measure(compute.With(stop), batch, l2wrap);
  } catch (const Stopped&) {
    return {true, {}};
  }
  if (stop.stop_requested()) return {true, {}};
  step.applied = std::isfinite(step.loss.total()) && std::isfinite(step.gradient_norm);
  if (step.applied) {
    AdamWStep(compute, set_, moments_, gradients_.data(), step.gradient_norm, learning_rate, options_);
  }
  return {false, step};
}

Adapter Trainer::Publish() const {
  ParameterSet copy = set_.Copy();
  RoundAsStored(copy);
  return PublishAdapter(std::move(copy));
}

namespace {

constexpr const char* kStepsKey = "steps";
constexpr const char* kPrefixes[3] = {"parameter.", "m.", "v."};

std::uint64_t StepsOf(const TensorFile& file, const std::string& path) {
  const auto found = file.metadata().find(kStepsKey);
  const std::string text = found == file.metadata().end() ? "" : found->second;
  std::uint64_t steps = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), steps);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw EngineError(ErrorCode::kAdapter, path + " is not a training state: it does not count its steps");
  }
  return steps;
}

// A LoRA's alpha scales what its factors mean.
void CheckAlpha(const TensorFile& file, const ParameterSet& set, const std::string& path) {
  for (const auto& [key, value] : MetadataOf(set)) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end() || found->second != value) {
      throw EngineError(ErrorCode::kAdapter, path + " belongs to a training with another LoRA alpha");
    }
  }
}

}  // namespace

void Trainer::Save(const std::string& path) const {
  const float* arenas[3] = {set_.values.data(), moments_.m.data(), moments_.v.data()};
  std::vector<TensorToWrite> tensors;
  for (std::size_t arena = 0; arena < 3; ++arena) {
    for (const ParameterInfo& parameter : set_.parameters) {
      tensors.push_back({kPrefixes[arena] + parameter.name, DType::kF32, parameter.shape,
                         std::span<const float>(arenas[arena] + parameter.offset, parameter.count)});
    }
  }
  std::map<std::string, std::string> metadata = MetadataOf(set_);
  metadata.emplace(kStepsKey, std::to_string(moments_.steps));
  WriteSafetensors(path, tensors, metadata);
}

void Trainer::Restore(const std::string& path) {
  const std::unique_ptr<TensorFile> file = TensorFile::Open(path);
  const std::uint64_t steps = StepsOf(*file, path);
  Buffer restored[3] = {Buffer(set_.values.size()), Buffer(set_.values.size()), Buffer(set_.values.size())};
  for (std::size_t arena = 0; arena < 3; ++arena) {
    restored[arena].Zero();
    for (const ParameterInfo& parameter : set_.parameters) {
      const auto index = file->Find(kPrefixes[arena] + parameter.name);
      if (!index || file->tensors()[*index].shape != parameter.shape) {
        throw EngineError(ErrorCode::kAdapter, path + " belongs to a training of other parameters");
      }
      const std::span<float> values(restored[arena].data() + parameter.offset, parameter.count);
      file->ReadF32(*index, values);
      if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
        throw EngineError(ErrorCode::kNumbers,
                          path + ": tensor `" + parameter.name + "` holds NaN or infinite values");
      }
    }
  }
  CheckAlpha(*file, set_, path);
  set_.values = std::move(restored[0]);
  moments_.m = std::move(restored[1]);
  moments_.v = std::move(restored[2]);
  moments_.steps = steps;
}

}  // namespace ouroboros
