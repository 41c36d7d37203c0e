// The runs of a Model, slice by slice on a Worker's thread: reading, scoring, reference logits, generating.
//
// Each goes on by Step(stop), a slice each, and ends by Finish(), once, which is empty where it was stopped.
// What a run holds is its own State and results; activations are shared by the runs of its class.
//
// Thread safety: one caller. Ownership: a run keeps its model, adapter and State alive.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "binding/model_object.h"
#include "generate/generation.h"

namespace ouroboros::binding {

// What all of them are given.
struct ReadRequest {
  ModelPtr model;
  Adapter adapter;  // may be null
  std::shared_ptr<const State> state;
  std::vector<std::uint32_t> tokens;
  RunClass run_class;

  const Shape& shape() const { return model->shape(); }
  Weights weights() const { return WeightsOf(*model->checkpoint, adapter); }
  Worker& worker() const { return model->core->generate; }
  Activations& activations() const { return model->core->activations[static_cast<std::size_t>(run_class)]; }
};

class ReadRun {
 public:
  explicit ReadRun(const ReadRequest& request);
  Slice Step(const std::stop_token& stop);
  std::shared_ptr<const State> Finish();

 private:
  const ReadRequest request_;
  const Weights weights_;
  Reading reading_;
  Progress progress_ = Progress::kMore;
};

// Log-probability, best token and margin of tokens[1..] given all before. On any worker; what is passed
// by reference must outlive it, but for the State and the tokens.
class Scoring {
 public:
  Scoring(Worker& worker, Activations& activations, const Shape& shape, const Weights& weights,
          const State& start, const std::vector<std::uint32_t>& tokens);
  Slice Step(const std::stop_token& stop);
  std::optional<std::vector<RowScore>> Finish();

 private:
  Worker& worker_;
  Activations& activations_;
  const Shape& shape_;
  const Weights& weights_;
  const std::vector<std::uint32_t> targets_;
  Reading reading_;
  std::vector<RowScore> scores_;
  Progress progress_ = Progress::kMore;
};

class ScoreRun {
 public:
  explicit ScoreRun(const ReadRequest& request);
  Slice Step(const std::stop_token& stop) { return scoring_.Step(stop); }
  std::optional<std::vector<RowScore>> Finish() { return scoring_.Finish(); }

 private:
  const ReadRequest request_;
  const Weights weights_;
  Scoring scoring_;
};

class ReferenceRun {
 public:
  explicit ReferenceRun(const ReadRequest& request);
  Slice Step(const std::stop_token& stop);
  std::shared_ptr<const ReferenceLogits> Finish();

 private:
  void KeepLogits(std::size_t first, std::size_t rows, const float* h);

  const ReadRequest request_;
  const Weights weights_;
  Reading reading_;
  std::shared_ptr<ReferenceLogits> reference_;
  Progress progress_ = Progress::kMore;
};

class GenerateRun {
 public:
  GenerateRun(const ReadRequest& read, const GenerationRequest& request, OnToken on_token);
  Slice Step(const std::stop_token& stop);
  Generated Finish() { return generation_.Take(); }

 private:
  const ReadRequest read_;
  const Weights weights_;
  Generation generation_;
  const OnToken on_token_;
};

}  // namespace ouroboros::binding
