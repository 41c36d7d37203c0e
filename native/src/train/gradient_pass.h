// Loss and gradients of some parameters on a batch: what a Trainer steps with and gradients are tested by.
//
// A batch may be taken in parts, for memory: some sequences after another, whose gradients add up, and long
// sequences in windows, between which States are carried but gradients are not (truncated backpropagation).
// Sums are divided by the totals of the whole batch, so parts of sequences give the whole's gradient up to
// rounding. Thread safety: one caller. Reuse one object: its memory grows to the largest part.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "rwkv7/training/model.h"
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

// kAuto: where the layers would keep more than kActivationBytesMax.
enum class Checkpointing { kOff, kOn, kAuto };
constexpr std::size_t kActivationBytesMax = std::size_t{512} << 20;

struct PassOptions {
  bool l2wrap = false;
  std::size_t sequences_at_once = 0;  // 0: all
  std::size_t detach_every = 0;       // tokens of a window; 0: the whole sequence
  Checkpointing checkpointing = Checkpointing::kAuto;
};

class GradientPass {
 public:
  // gradients accumulate. dstates: null, or one zero State per sequence, for the gradient of where it starts.
  // Gradients of time_state are those of the first window: later ones start from States that are given.
  // Throws Stopped where compute asks for it.
  Loss Run(const Compute& compute, const Shape& shape, const Weights& weights,
           std::span<const TrainSequence> batch, const PassOptions& options, const Gradients& gradients,
           State* dstates);

 private:
  // The next window of a sequence.
  struct Part {
    const TrainSequence* sequence;
    std::size_t begin;
    State state;  // before it, and after it once it is through
  };
  void Append(const Part& part, std::size_t length, const State& start, std::size_t vocabulary);
  Loss RunWindow(const Compute& compute, const Shape& shape, const Weights& weights, std::span<Part> parts,
                 const PassOptions& options, const LossTotals& totals, Gradients& gradients, State* dstates);

  Activations activations_;
  BackwardScratch backward_;
  LossScratch loss_;
  Buffer dh_;
  Batch batch_;
  std::vector<LossRow> rows_;
};

}  // namespace ouroboros
