#include "train/trainer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "files/safetensors/safetensors_writer.h"
#include "files/tensor_file.h"
#include "rwkv7/served/packed_adapter.h"

namespace ouroboros {
namespace {

// Of frozen matrices that stay packed: all of a model of 0.1B, both ways.
constexpr std::size_t kFrozenBytesMax = std::size_t{640} << 20;

}  // namespace

Trainer::Trainer(std::shared_ptr<const Checkpoint> checkpoint, ParameterSet set,
                 const OptimizerOptions& options, std::optional<double> averaging_decay)
    : checkpoint_(std::move(checkpoint)),
      set_(std::move(set)),
      options_(options.adamw),
      frozen_(checkpoint_->values.span(), kFrozenBytesMax) {
  if (set_.parameters.back().name == kEmbedding) embedding_.emplace(shape().vocabulary, shape().width);
  const std::size_t dense = embedding_ ? set_.parameters.back().offset : set_.values.size();
  for (Buffer* buffer : {&moments_.m, &moments_.v, &gradients_}) {
    buffer->Grow(dense);
    buffer->Zero();
  }
  if (averaging_decay) average_.emplace(set_, *averaging_decay);
  if (options.muon) muon_.emplace(*options.muon);
  for (const ParameterInfo& parameter : DenseParameters()) {
    (muon_ && IsHiddenMatrix(parameter) ? by_muon_ : by_adamw_).push_back(parameter);
  }
  if (muon_ && by_muon_.empty()) {
    throw EngineError(ErrorCode::kArgument,
                      "`muon` has nothing to update: train a big matrix of a layer whole, or leave it out");
  }
}

const ParameterSet& Trainer::parameters(WeightsKind kind) const {
  if (kind == WeightsKind::kCurrent) return set_;
  if (!average_) {
    throw EngineError(ErrorCode::kArgument,
                      "this trainer keeps no average of its weights; create it with `averaging`");
  }
  return average_->set();
}

std::span<const ParameterInfo> Trainer::DenseParameters() const {
  return std::span(set_.parameters).first(set_.parameters.size() - (embedding_ ? 1 : 0));
}

Trainer::Measured Trainer::Measure(const Compute& compute, std::span<const TrainSequence> batch,
                                   const PassOptions& options) {
  ForSlices(compute, gradients_.size(), [&](std::size_t begin, std::size_t count) {
    std::fill_n(gradients_.data() + begin, count, 0.0f);
  });
  Gradients gradients = BindGradients(shape(), set_, gradients_.data());
  if (embedding_) {
    for (const TrainSequence& sequence : batch) embedding_->AddTokens(sequence.inputs);
    embedding_->ZeroGradient(compute);
    gradients.emb = embedding_->gradient();
    gradients.emb_rows = embedding_->rows();
  }
  std::vector<TrainSequence> started;
  if (HasTimeStates(set_)) {
    for (const TrainSequence& sequence : batch) {
      started.push_back(sequence);
      started.back().state = std::make_shared<const State>(StartFrom(*sequence.state));
    }
    batch = started;
  }
  const Loss loss = pass_.Run(compute.WithFrozen(&frozen_), shape(), WeightsOf(WeightsKind::kCurrent), batch,
                              options, gradients, nullptr);
  double squares = SumOfSquares(compute, DenseParameters(), gradients_.data());
  if (embedding_) squares += embedding_->SumOfSquares(compute);
  return {loss, std::sqrt(squares)};
}

namespace {

StepOutcome OutcomeOf(double loss, double gradient_norm, const StepLimits& limits) {
  if (!std::isfinite(loss) || !std::isfinite(gradient_norm)) return StepOutcome::kNotFinite;
  const bool is_outlier = loss > limits.loss || gradient_norm > limits.gradient_norm;
  return is_outlier ? StepOutcome::kOutlier : StepOutcome::kApplied;
}

}  // namespace

Trainer::StepResult Trainer::Step(const Compute& compute, std::span<const TrainSequence> batch,
                                  float learning_rate, const PassOptions& options, const StepLimits& limits,
                                  const std::stop_token& stop) {
  Measured measured{};
  try {
    measured = Measure(compute.WithStop(stop), batch, options);
  } catch (const Stopped&) {
    return {true, {}};
  }
  if (stop.stop_requested()) return {true, {}};
  const auto [loss, gradient_norm] = measured;
  const StepOutcome outcome = OutcomeOf(loss.total(), gradient_norm, limits);
  if (outcome == StepOutcome::kApplied) Update(compute, gradient_norm, learning_rate);
  return {false, {loss, gradient_norm, outcome}};
}

void Trainer::Update(const Compute& compute, double gradient_norm, float learning_rate) {
  moments_.steps += 1;
  const AdamWArguments shared = SharedArguments(options_, moments_.steps, gradient_norm, learning_rate);
  AdamWStep(compute, by_adamw_, set_.values.data(), moments_, gradients_.data(), shared, options_);
  for (const ParameterInfo& matrix : by_muon_) {
    muon_->Step(compute, matrix, set_.values.data() + matrix.offset, moments_.m.data() + matrix.offset,
                gradients_.data() + matrix.offset, learning_rate, shared.gradient_scale);
  }
  if (embedding_) {
    const ParameterInfo& emb = set_.parameters.back();
    embedding_->Step(compute, set_.values.data() + emb.offset, shared, DecayOf(emb, options_, learning_rate));
  }
  if (average_) average_->Add(compute, set_.values);
}

Adapter Trainer::Publish(WeightsKind kind) const {
  ParameterSet copy = parameters(kind).Copy();
  RoundAsStored(copy);
  return PublishAdapter(std::move(copy));
}

namespace {

constexpr const char* kStepsKey = "steps";
// Of hidden matrices: absent for AdamW.
constexpr const char* kOptimizerKey = "optimizer";
constexpr const char* kMuon = "muon";
constexpr const char* kParameterPrefix = "parameter.";
constexpr const char* kAveragePrefix = "average.";
constexpr const char* kAveragedStepsKey = "averaged_steps";
constexpr const char* kMomentPrefixes[2] = {"m.", "v."};
// The tokens that the embedding's moments belong to, one a row; as floats, which hold every token exactly.
constexpr const char* kEmbeddingTokens = "tokens.emb.weight";

// Nothing where the file does not say it as a number.
std::optional<std::uint64_t> CountOf(const TensorFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  const std::string text = found == file.metadata().end() ? "" : found->second;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(count) : std::nullopt;
}

// Momentum and moments of one optimizer mean nothing to the other.
void CheckOptimizer(const TensorFile& file, bool is_muon, const std::string& path) {
  const auto found = file.metadata().find(kOptimizerKey);
  const bool was_muon = found != file.metadata().end() && found->second == kMuon;
  if (was_muon == is_muon) return;
  throw EngineError(ErrorCode::kAdapter,
                    path + (was_muon ? " is the state of a training with Muon; create its trainer with `muon`"
                                     : " is the state of a training with AdamW alone; create its trainer "
                                       "without `muon`"));
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

// The tensors of a training state, each checked as it is read.
struct SavedTensors {
  const TensorFile& file;
  const std::string& path;

  [[noreturn]] void Refuse() const {
    throw EngineError(ErrorCode::kAdapter, path + " belongs to a training of other parameters");
  }
  // All of the set's, laid out as its values.
  Buffer ReadParameters(const char* prefix, const ParameterSet& set) const {
    Buffer values(set.values.size());
    values.Zero();
    for (const ParameterInfo& parameter : set.parameters) {
      Read(prefix + parameter.name, parameter.shape, {values.data() + parameter.offset, parameter.count});
    }
    return values;
  }
  void Read(const std::string& name, const std::vector<std::size_t>& shape, std::span<float> values) const {
    const auto index = file.Find(name);
    if (!index || file.tensors()[*index].shape != shape) Refuse();
    file.ReadF32(*index, values);
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
      throw EngineError(ErrorCode::kNumbers, path + ": tensor `" + name + "` holds NaN or infinite values");
    }
  }
  EmbeddingRows ReadEmbedding(const Shape& shape) const {
    EmbeddingRows embedding(shape.vocabulary, shape.width);
    const auto index = file.Find(kEmbeddingTokens);
    if (!index) return embedding;
    const std::vector<std::size_t>& counts = file.tensors()[*index].shape;
    if (counts.size() != 1 || counts[0] > shape.vocabulary) Refuse();
    std::vector<float> tokens(counts[0]);
    Read(kEmbeddingTokens, counts, tokens);
    std::vector<std::uint32_t> met;
    for (const float token : tokens) {
      if (!(token >= 0 && token < static_cast<float>(shape.vocabulary))) Refuse();
      met.push_back(static_cast<std::uint32_t>(token));
    }
    embedding.AddTokens(met);
    if (embedding.tokens().size() != met.size()) Refuse();  // a token twice
    const std::vector<std::size_t> rows = {met.size(), shape.width};
    Read(std::string(kMomentPrefixes[0]) + kEmbedding, rows, embedding.m());
    Read(std::string(kMomentPrefixes[1]) + kEmbedding, rows, embedding.v());
    return embedding;
  }
};

}  // namespace

void Trainer::Save(const std::string& path) const {
  const float* moments[2] = {moments_.m.data(), moments_.v.data()};
  std::vector<TensorToWrite> tensors;
  const auto add = [&](const char* prefix, const ParameterSet& set) {
    for (const ParameterInfo& parameter : set.parameters) {
      tensors.push_back({prefix + parameter.name, DType::kF32, parameter.shape,
                         std::span<const float>(set.values.data() + parameter.offset, parameter.count)});
    }
  };
  add(kParameterPrefix, set_);
  for (std::size_t moment = 0; moment < 2; ++moment) {
    for (const ParameterInfo& parameter : moment == 0 ? DenseParameters() : by_adamw_) {
      tensors.push_back({kMomentPrefixes[moment] + parameter.name, DType::kF32, parameter.shape,
                         std::span<const float>(moments[moment] + parameter.offset, parameter.count)});
    }
  }
  std::vector<float> tokens;
  if (embedding_ && !embedding_->tokens().empty()) {
    tokens.assign(embedding_->tokens().begin(), embedding_->tokens().end());
    const std::vector<std::size_t> rows = {tokens.size(), shape().width};
    tensors.push_back({kEmbeddingTokens, DType::kF32, {tokens.size()}, tokens});
    tensors.push_back({std::string(kMomentPrefixes[0]) + kEmbedding, DType::kF32, rows, embedding_->m()});
    tensors.push_back({std::string(kMomentPrefixes[1]) + kEmbedding, DType::kF32, rows, embedding_->v()});
  }
  std::map<std::string, std::string> metadata = MetadataOf(set_);
  metadata.emplace(kStepsKey, std::to_string(moments_.steps));
  if (muon_) metadata.emplace(kOptimizerKey, kMuon);
  if (average_) {
    add(kAveragePrefix, average_->set());
    metadata.emplace(kAveragedStepsKey, std::to_string(average_->steps()));
  }
  WriteSafetensors(path, tensors, metadata);
}

void Trainer::Restore(const std::string& path) {
  const std::unique_ptr<TensorFile> file = TensorFile::Open(path);
  const std::optional<std::uint64_t> steps = CountOf(*file, kStepsKey);
  if (!steps) {
    throw EngineError(ErrorCode::kAdapter, path + " is not a training state: it does not count its steps");
  }
  CheckOptimizer(*file, muon_.has_value(), path);
  const SavedTensors saved{*file, path};
  Buffer values = saved.ReadParameters(kParameterPrefix, set_);
  Buffer moments[2] = {Buffer(gradients_.size()), Buffer(gradients_.size())};
  for (std::size_t moment = 0; moment < 2; ++moment) {
    moments[moment].Zero();
    for (const ParameterInfo& parameter : moment == 0 ? DenseParameters() : by_adamw_) {
      saved.Read(kMomentPrefixes[moment] + parameter.name, parameter.shape,
                 {moments[moment].data() + parameter.offset, parameter.count});
    }
  }
  std::optional<EmbeddingRows> embedding;
  if (embedding_) embedding = saved.ReadEmbedding(shape());
  CheckAlpha(*file, set_, path);
  if (average_) {
    const std::optional<std::uint64_t> averaged = CountOf(*file, kAveragedStepsKey);
    average_->Restart(averaged ? saved.ReadParameters(kAveragePrefix, set_) : values.Copy(),
                      averaged.value_or(0));
  }
  set_.values = std::move(values);
  moments_.m = std::move(moments[0]);
  moments_.v = std::move(moments[1]);
  moments_.steps = *steps;
  embedding_ = std::move(embedding);
}

}  // namespace ouroboros
