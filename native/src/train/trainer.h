// Trainer: owner of optimizer moments and of the parameters under construction.
//
// Step: forward, loss, backward, clip, AdamW or Muon; a step whose loss or gradient is not finite changes
// nothing. The same bits for any number of threads. Thread safety: one call at a time. Keeps its Checkpoint
// alive.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "ops/frozen_operands.h"
#include "rwkv7/parameters/checkpoint.h"
#include "rwkv7/parameters/parameter_set.h"
#include "rwkv7/parameters/time_state.h"
#include "train/adamw.h"
#include "train/embedding_rows.h"
#include "train/gradient_pass.h"
#include "train/muon.h"
#include "train/weight_average.h"

namespace ouroboros {

struct OptimizerOptions {
  AdamWOptions adamw;
  std::optional<MuonOptions> muon;  // of hidden matrices; AdamW takes them without it
};

// Which of a Trainer's parameters are meant.
enum class WeightsKind { kCurrent, kAveraged };

// A step with more than this is an outlier.
struct StepLimits {
  double loss = std::numeric_limits<double>::infinity();
  double gradient_norm = std::numeric_limits<double>::infinity();  // before clipping
};

// All but kApplied have changed nothing.
enum class StepOutcome { kApplied, kNotFinite, kOutlier };

struct TrainStep {
  Loss loss;
  double gradient_norm;
  StepOutcome outcome;
};

class Trainer {
 public:
  // The set is trained; the rest of the checkpoint is frozen. averaging_decay: of a WeightAverage, if there
  // shall be one. Throws EngineError(kArgument) for Muon where the set has no hidden matrix.
  Trainer(std::shared_ptr<const Checkpoint> checkpoint, ParameterSet set, const OptimizerOptions& options,
          std::optional<double> averaging_decay = std::nullopt);

  // Nothing has changed when a stop was asked for before the update; `stopped` then is true.
  struct StepResult {
    bool stopped;
    TrainStep step;
  };
  StepResult Step(const Compute& compute, std::span<const TrainSequence> batch, float learning_rate,
                  const PassOptions& options, const StepLimits& limits, const std::stop_token& stop);

  // Of a batch; changes nothing.
  struct Measured {
    Loss loss;
    double gradient_norm;
  };
  Measured Measure(const Compute& compute, std::span<const TrainSequence> batch, const PassOptions& options);

  // As they stand, until the next Step. Throws EngineError(kArgument) for averaged ones where none are kept.
  const ParameterSet& parameters(WeightsKind kind = WeightsKind::kCurrent) const;
  // The model with these parameters; valid as long.
  Weights WeightsOf(WeightsKind kind) const { return Overlay(checkpoint_->weights, parameters(kind)); }
  const Shape& shape() const { return checkpoint_->shape; }
  std::uint64_t steps() const { return moments_.steps; }
  // The State that a sequence starts from which is given as starting from `state`.
  State StartFrom(const State& state, WeightsKind kind = WeightsKind::kCurrent) const {
    return StartOf(parameters(kind), state);
  }
  // A copy, rounded as saving rounds.
  Adapter Publish(WeightsKind kind = WeightsKind::kCurrent) const;

  // Parameters, moments, step count and average, exactly. Atomic. Restore throws EngineError(kAdapter) for
  // another set's or another optimizer's file. Where a file has no average but one is kept, it begins anew
  // from the parameters; one that is not kept is passed over.
  void Save(const std::string& path) const;
  void Restore(const std::string& path);

 private:
  std::span<const ParameterInfo> DenseParameters() const;
  void Update(const Compute& compute, double gradient_norm, float learning_rate);

  std::shared_ptr<const Checkpoint> checkpoint_;
  ParameterSet set_;
  AdamWOptions options_;
  std::optional<Muon> muon_;
  std::vector<ParameterInfo> by_adamw_, by_muon_;  // the dense parameters
  Moments moments_;   // of the dense parameters (m of Muon's is its momentum), as the gradients:
  Buffer gradients_;  // all but the embedding, which is last in the set
  std::optional<EmbeddingRows> embedding_;
  std::optional<WeightAverage> average_;
  FrozenOperands frozen_;  // of the checkpoint's numbers that no parameter of the set replaces
  GradientPass pass_;
};

}  // namespace ouroboros
