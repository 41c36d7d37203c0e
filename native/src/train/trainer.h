// Trainer: owner of optimizer moments and of the parameters under construction.
//
// Step: forward, loss, backward, clip, AdamW; a step whose loss or gradient is not finite changes nothing.
// The same bits for any number of threads. Thread safety: one call at a time. Keeps its Checkpoint alive.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "rwkv7/checkpoint.h"
#include "rwkv7/model.h"
#include "rwkv7/parameter_set.h"
#include "train/adamw.h"
#include "train/loss.h"

namespace ouroboros {

struct TrainSequence {
  std::vector<std::uint32_t> inputs;                 // [T]
  std::vector<std::uint32_t> targets;                // [T]
  std::vector<float> weights;                        // [T]
  std::vector<float> kl_weights;                     // [T]; empty without reference
  std::shared_ptr<const ReferenceLogits> reference;  // [T, V]; may be null
  std::shared_ptr<const State> state;                // not null
};

// Computes loss and gradients of some parameters on a batch; what a Trainer steps with and gradients are
// tested by.
class GradientPass {
 public:
  // gradients: flat, laid out as `set`; accumulated into. dstates: null, or one zero State per sequence.
  // final_states: null, or receives the State after each sequence.
  Loss Run(const Compute& compute, const Shape& shape, const Weights& weights,
           std::span<const TrainSequence> batch, const LossTotals& totals, bool l2wrap, Gradients& gradients,
           State* dstates, std::vector<State>* final_states);
  // The totals of a batch, for Run.
  static LossTotals Totals(std::span<const TrainSequence> batch);

 private:
  Activations activations_;
  BackwardScratch backward_;
  LossScratch loss_;
  Buffer dh_;
  std::vector<LossRow> rows_;
};

struct TrainStep {
  Loss loss;
  double gradient_norm;
  bool applied;
};

class Trainer {
 public:
  // The set is trained; the rest of the checkpoint is frozen.
  Trainer(std::shared_ptr<const Checkpoint> checkpoint, ParameterSet set, const AdamWOptions& options);

  // Nothing has changed when a stop was asked for before the update; `stopped` then is true.
  struct StepResult {
    bool stopped;
    TrainStep step;
  };
  StepResult Step(const Compute& compute, std::span<const TrainSequence> batch, float learning_rate,
                  bool l2wrap, const std::stop_token& stop);

  // Loss and gradient norm of a batch; changes nothing.
  TrainStep Measure(const Compute& compute, std::span<const TrainSequence> batch, bool l2wrap);

  // The model with the parameters as they stand; valid until the next Step.
  Weights CurrentWeights() const { return Lay(checkpoint_->weights, set_); }
  const ParameterSet& parameters() const { return set_; }
  const Shape& shape() const { return checkpoint_->shape; }
  std::uint64_t steps() const { return moments_.steps; }
  // A copy, rounded as saving rounds.
  Adapter Publish() const;

  // Parameters, moments and step count, exactly. Atomic. Restore throws EngineError(kAdapter) for another
  // set's file.
  void Save(const std::string& path) const;
  void Restore(const std::string& path);

 private:
  std::shared_ptr<const Checkpoint> checkpoint_;
  ParameterSet set_;
  AdamWOptions options_;
  Moments moments_;
  Buffer gradients_;
  GradientPass pass_;
};

}  // namespace ouroboros
