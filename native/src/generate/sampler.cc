#include "generate/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "base/error.h"

namespace ouroboros {
namespace {

// Far beyond any use, and small enough that penalised logits stay finite.
constexpr double kAlphaMax = 1000, kRepetitionMax = 1000;

void Require(bool holds, const char* problem) {
  if (!holds) throw EngineError(ErrorCode::kArgument, problem);
}

void CheckOptions(const SamplingOptions& options, std::size_t vocabulary_size) {
  Require(std::isfinite(options.temperature) && options.temperature >= 0,
          "sampling: temperature must be 0 or more");
  Require(std::isfinite(options.top_p) && options.top_p >= 0, "sampling: topP must be 0 or more");
  Require(std::abs(options.alpha_presence) <= kAlphaMax,
          "sampling: alphaPresence must be from -1000 to 1000");
  Require(std::abs(options.alpha_frequency) <= kAlphaMax,
          "sampling: alphaFrequency must be from -1000 to 1000");
  Require(options.alpha_decay >= 0 && options.alpha_decay <= 1, "sampling: alphaDecay must be from 0 to 1");
  Require(options.repetition_penalty >= 1 / kRepetitionMax && options.repetition_penalty <= kRepetitionMax,
          "sampling: repetitionPenalty must be from 0.001 to 1000");
  for (const std::uint32_t token : options.token_ban) {
    Require(token < vocabulary_size, "sampling: tokenBan names a token outside the vocabulary");
  }
}

// An exponent of all ones is that of NaN and infinity. Compilers look at several at a time.
void CheckFinite(std::span<const float> logits) {
  constexpr std::uint32_t kExponent = 0x7f800000u;
  std::uint32_t bad = 0;
  for (const float logit : logits) {
    bad |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(logit) & kExponent) == kExponent);
  }
  if (bad != 0) {
    throw EngineError(ErrorCode::kNumbers, "the model computed a logit that is not a finite number");
  }
}

}  // namespace

Sampler::Sampler(const ElementwiseKernels& kernels, SamplingOptions options, std::size_t vocabulary_size,
                 std::span<const std::uint32_t> uncounted)
    : kernels_(kernels),
      options_(std::move(options)),
      vocabulary_size_(vocabulary_size),
      random_(options_.seed) {
  CheckOptions(options_, vocabulary_size);
  is_uncounted_.resize(vocabulary_size);
  for (const std::uint32_t token : uncounted) {
    if (token < vocabulary_size) is_uncounted_[token] = true;
  }
  is_repeated_.resize(vocabulary_size);
  position_.resize(vocabulary_size);
  occurrences_.reserve(vocabulary_size);
  repeated_.reserve(vocabulary_size);
  penalised_.resize(vocabulary_size);
  weights_.resize(vocabulary_size);
  candidates_.reserve(vocabulary_size);
}

Choice Sampler::Choose(std::span<const float> logits) {
  CheckFinite(logits);
  OURO_CHECK(logits.size() == vocabulary_size_);
  const SoftmaxRow softmax = kernels_.softmax_statistics(logits.data(), logits.size());
  if (ChangesLogits()) {
    Filter(Penalised(logits));
  } else if (IsGreedy()) {
    candidates_.assign(1, {static_cast<std::uint32_t>(softmax.best), 1});
  } else {
    Filter(logits);
  }
  const std::uint32_t token = Draw();
  Count(token);
  return {token, logits[token] - softmax.log_sum_exp};
}

void Sampler::Probabilities(std::span<const float> logits, std::span<double> out) {
  OURO_CHECK(out.size() == vocabulary_size_ && logits.size() == vocabulary_size_);
  CheckFinite(logits);
  Filter(Penalised(logits));
  const double sum = CandidatesSum();
  std::ranges::fill(out, 0.0);
  for (const Candidate& candidate : candidates_) out[candidate.token] = candidate.weight / sum;
}

// exp(logit - max). Banned tokens have a logit of minus infinity and so a weight of 0.
double Sampler::Weigh(std::span<const float> logits, float max) {
  kernels_.softmax_scaled(weights_.data(), logits.data(), max, 1, logits.size());
  // Several sums, so that additions need not wait for each other; always the same.
  constexpr std::size_t kSums = 8;
  std::array<double, kSums> sums{};
  for (std::size_t i = 0; i < weights_.size(); ++i) sums[i % kSums] += static_cast<double>(weights_[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

float Sampler::LargestOf(std::span<const float> logits) const {
  const float max = *std::ranges::max_element(logits);
  Require(std::isfinite(max), "sampling: tokenBan or the penalties leave no token to choose");
  return max;
}

bool Sampler::ChangesLogits() const {
  const bool penalises_past = options_.repetition_penalty != 1 && !repeated_.empty();
  const bool penalises_counts =
      (options_.alpha_presence != 0 || options_.alpha_frequency != 0) && !occurrences_.empty();
  return penalises_past || penalises_counts || !options_.token_ban.empty();
}

// The logits after repetition penalty, ban, presence and frequency penalties, in this order.
std::span<const float> Sampler::Penalised(std::span<const float> logits) {
  std::ranges::copy(logits, penalised_.begin());
  const auto penalty = static_cast<float>(options_.repetition_penalty);
  for (const std::uint32_t token : repeated_) {
    float& logit = penalised_[token];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
  for (const std::uint32_t token : options_.token_ban)
    penalised_[token] = -std::numeric_limits<float>::infinity();
  for (const Occurrence& occurrence : occurrences_) {
    const double cost = options_.alpha_presence + occurrence.count * options_.alpha_frequency;
    penalised_[occurrence.token] -= static_cast<float>(cost);
  }
  return penalised_;
}

// Fills candidates_ with what may be drawn.
void Sampler::Filter(std::span<const float> logits) {
  candidates_.clear();
  const float max = LargestOf(logits);
  if (IsGreedy()) {
    const auto best = std::ranges::find(logits, max);  // the first of equals
    candidates_.push_back({static_cast<std::uint32_t>(best - logits.begin()), 1});
    return;
  }
  const double sum = Weigh(logits, max);
  // Tokens less probable than (1 - top_p) / V together hold less than 1 - top_p, so the cumulative sum
  // reaches top_p before any of them: they need not be sorted. Half of it leaves room for rounding.
  const double rest = std::max(0.0, 1 - options_.top_p);
  const double floor = 0.5 * rest / static_cast<double>(vocabulary_size_) * sum;
  for (std::uint32_t token = 0; token < vocabulary_size_; ++token) {
    const auto weight = static_cast<double>(weights_[token]);
    if (weight > 0 && weight >= floor) candidates_.push_back({token, weight});
  }
  if (options_.top_p < 1 || options_.top_k > 0) KeepTop(sum);
  if (options_.temperature != 1) ApplyTemperature(logits);
}

// Leaves the most probable candidates, in falling order: up to the one at which the cumulative sum reaches
// top_p and those equal to it, and at most top_k. Equals are ordered by token, so that the result is defined.
void Sampler::KeepTop(double sum) {
  const auto is_below = [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight < b.weight : a.token > b.token;
  };
  const double enough = options_.top_p < 1 ? options_.top_p * sum : std::numeric_limits<double>::infinity();
  const std::size_t most = options_.top_k > 0 ? options_.top_k : candidates_.size();
  const auto begin = candidates_.begin();
  auto heap_end = candidates_.end();
  // A heap, as few are taken from many: each one taken moves to the end.
  std::make_heap(begin, heap_end, is_below);
  double cumulative = 0, last = 0;
  while (heap_end != begin && static_cast<std::size_t>(candidates_.end() - heap_end) < most) {
    if (cumulative >= enough && begin->weight < last) break;
    last = begin->weight;
    cumulative += last;
    std::pop_heap(begin, heap_end--, is_below);
  }
  candidates_.erase(begin, heap_end);
  std::ranges::reverse(candidates_);
}

// p^(1/temperature), as the exponential of logit differences: no underflow, however low the temperature.
void Sampler::ApplyTemperature(std::span<const float> logits) {
  float max = -std::numeric_limits<float>::infinity();
  for (const Candidate& candidate : candidates_) max = std::max(max, logits[candidate.token]);
  for (Candidate& candidate : candidates_) {
    candidate.weight = std::exp((static_cast<double>(logits[candidate.token]) - max) / options_.temperature);
  }
}

double Sampler::CandidatesSum() const {
  double sum = 0;
  for (const Candidate& candidate : candidates_) sum += candidate.weight;
  return sum;
}

std::uint32_t Sampler::Draw() {
  if (candidates_.size() == 1) return candidates_.front().token;
  double left = random_.Uniform() * CandidatesSum();
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0) return candidate.token;
  }
  // Rounding left a remainder: the draw fell on the upper end of the last candidate that has any weight.
  const auto has_weight = [](const Candidate& candidate) { return candidate.weight > 0; };
  return std::ranges::find_if(candidates_.rbegin(), candidates_.rend(), has_weight)->token;
}

void Sampler::Count(std::uint32_t token) {
  OURO_CHECK(token < vocabulary_size_);
  for (Occurrence& occurrence : occurrences_) occurrence.count *= options_.alpha_decay;
  if (position_[token] == 0) {
    occurrences_.push_back({token, 0});
    position_[token] = static_cast<std::uint32_t>(occurrences_.size());
  }
  AddRepeated(token);
  if (!is_uncounted_[token]) occurrences_[position_[token] - 1].count += 1;
}

void Sampler::Restore(std::span<const Occurrence> occurrences, std::span<const std::uint32_t> repeated) {
  std::ranges::fill(position_, 0u);
  occurrences_.clear();
  for (const Occurrence& occurrence : occurrences) {
    Require(occurrence.token < vocabulary_size_ && position_[occurrence.token] == 0,
            "sampling: an occurrence is repeated or outside the vocabulary");
    occurrences_.push_back(occurrence);
    position_[occurrence.token] = static_cast<std::uint32_t>(occurrences_.size());
  }
  is_repeated_.assign(vocabulary_size_, false);
  repeated_.clear();
  for (const std::uint32_t token : repeated) {
    Require(token < vocabulary_size_, "sampling: a repeated token is outside the vocabulary");
    AddRepeated(token);
  }
}

void Sampler::AddRepeated(std::uint32_t token) {
  if (is_repeated_[token]) return;
  is_repeated_[token] = true;
  repeated_.push_back(token);
}

}  // namespace ouroboros
