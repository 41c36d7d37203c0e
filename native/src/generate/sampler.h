// Chooses the next token from logits: penalties, top-p, top-k, temperature, one draw.
//
// The order is that of ChatRWKV (rwkv_pip_package/src/rwkv/utils.py): ban, presence and frequency penalties,
// softmax, top-p on the probabilities before temperature, top-k, power 1/temperature. Two differences: a
// repetition penalty (divides positive, multiplies negative logits) goes before all, and top_p >= 1 means off
// (there it may collapse to greedy, where rounding keeps the cumulative sum below 1).
//
// The tokens chosen are a pure function of options, seed and logits. Nothing is allocated per token.
// Thread safety: one object, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "kernels/elementwise.h"

namespace ouroboros {

// Mirrors `Sampling` of native/lib/types.ts.
struct SamplingOptions {
  double temperature = 1;   // 0 = greedy
  double top_p = 1;         // 0 = greedy, 1 or more = off
  std::uint32_t top_k = 0;  // 0 = off
  double alpha_presence = 0;
  double alpha_frequency = 0;
  double alpha_decay = 1;         // factor on all counts after each token
  double repetition_penalty = 1;  // 1 = off
  std::vector<std::uint32_t> token_ban;
  std::uint64_t seed = 0;
};

// How often a token was written, fading by alpha_decay. A count of 0 still pays the presence penalty.
struct Occurrence {
  std::uint32_t token;
  double count;
};

struct Choice {
  std::uint32_t token;
  float log_probability;  // natural log, under the softmax of the logits before any penalty or filter
};

class Sampler {
 public:
  // `uncounted`: the tokens for which IsUncounted (tokenizer.h) holds; none without a vocabulary at hand.
  // Throws EngineError(kArgument) for options out of range. The kernels must outlive it.
  Sampler(const ElementwiseKernels& kernels, SamplingOptions options, std::size_t vocabulary_size,
          std::span<const std::uint32_t> uncounted);

  // Draws from logits [V], and counts the token drawn. Throws EngineError(kNumbers) where a logit is not
  // finite.
  Choice Choose(std::span<const float> logits);
  // What Choose would draw from: [V] probabilities, written to `out`. Changes nothing.
  void Probabilities(std::span<const float> logits, std::span<double> out);

  // Counts a token that was written without being drawn here.
  void Count(std::uint32_t token);
  // In the order of first occurrence.
  std::span<const Occurrence> occurrences() const { return occurrences_; }
  // Continues after a text in which these tokens occurred; `repeated` are those that pay the repetition
  // penalty.
  void Restore(std::span<const Occurrence> occurrences, std::span<const std::uint32_t> repeated);

 private:
  struct Candidate {
    std::uint32_t token;
    double weight;
  };
  // Fills weights_ and returns their sum; `max` is the largest of the logits.
  double Weigh(std::span<const float> logits, float max);
  float LargestOf(std::span<const float> logits) const;
  bool ChangesLogits() const;
  std::span<const float> Penalised(std::span<const float> logits);
  void Filter(std::span<const float> logits);
  void KeepTop(double sum);
  void ApplyTemperature(std::span<const float> logits);
  double CandidatesSum() const;
  std::uint32_t Draw();
  void AddRepeated(std::uint32_t token);
  bool IsGreedy() const { return options_.temperature == 0 || options_.top_p == 0; }

  const ElementwiseKernels& kernels_;
  SamplingOptions options_;
  std::size_t vocabulary_size_;
  Random random_;
  std::vector<bool> is_uncounted_;       // by token
  std::vector<bool> is_repeated_;        // by token
  std::vector<std::uint32_t> position_;  // by token: its index in occurrences_ + 1, or 0
  std::vector<Occurrence> occurrences_;
  std::vector<std::uint32_t> repeated_;
  // Scratch, sized once.
  std::vector<float> penalised_;
  std::vector<float> weights_;         // [V] exp(logit - max)
  std::vector<Candidate> candidates_;  // what may be drawn; weights need not sum to 1
};

}  // namespace ouroboros
