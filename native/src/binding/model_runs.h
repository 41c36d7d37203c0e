// The runs of a Model, slice by slice on a Worker's thread: reading, scoring, reference logits, generating.
//
// Each goes on by Step(stop), a slice each, and ends by Finish(), once, which is empty where it was stopped.
// What a run holds is its own State and results; buffers are shared by the runs of its class.
//
// Thread safety: one caller. Ownership: a run keeps its model, adapter and State alive.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "binding/values/model_object.h"
#include "generate/generation.h"
#include "rwkv7/served/packed_adapter.h"
#include "rwkv7/served/served_network.h"

namespace ouroboros::binding {

// What all of them are given.
struct ReadRequest {
  ModelPtr model;
  Adapter adapter;  // may be null
  std::shared_ptr<const State> state;
  std::vector<std::uint32_t> tokens;
  RunClass run_class;

  const Shape& shape() const { return model->shape(); }
  Worker& worker() const { return *model->core->generate; }
};

// The request's model with its adapter, and the buffers of its class.
class RequestNetwork {
 public:
  explicit RequestNetwork(const ReadRequest& request)
      : weights_(OverlayServed(request.model->served->weights(), request.adapter)),
        network_(request.worker().compute, request.shape(), weights_,
                 request.model->core->buffers[static_cast<std::size_t>(request.run_class)]) {}
  RequestNetwork(const RequestNetwork&) = delete;  // the network points to the weights
  RequestNetwork& operator=(const RequestNetwork&) = delete;

  Network& get() { return network_; }

 private:
  const ServedWeights weights_;
  ServedNetwork network_;
};

class ReadRun {
 public:
  explicit ReadRun(const ReadRequest& request);
  Slice Step(const std::stop_token& stop);
  std::shared_ptr<const State> Finish();

 private:
  const ReadRequest request_;
  RequestNetwork network_;
  Reading reading_;
  Progress progress_ = Progress::kMore;
};

// Log-probability, best token and margin of tokens[1..] given all before. On any worker; what is passed
// by reference must outlive it, but for the State and the tokens.
class Scoring {
 public:
  Scoring(Worker& worker, Network& network, const State& start, const std::vector<std::uint32_t>& tokens);
  Slice Step(const std::stop_token& stop);
  std::optional<std::vector<RowScore>> Finish();

 private:
  Worker& worker_;
  Network& network_;
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
  RequestNetwork network_;
  Scoring scoring_;
};

class ReferenceRun {
 public:
  explicit ReferenceRun(const ReadRequest& request);
  Slice Step(const std::stop_token& stop);
  std::shared_ptr<const ReferenceLogits> Finish();

 private:
  void KeepLogits(const ReadRows& rows);

  const ReadRequest request_;
  RequestNetwork network_;
  Reading reading_;
  std::shared_ptr<ReferenceLogits> reference_;
  Progress progress_ = Progress::kMore;
};

class GenerateRun {
 public:
  GenerateRun(const ReadRequest& read, const GenerationRequest& request, OnToken on_token);
  Slice Step(const std::stop_token& stop);
  Generated Finish() { return generation_.Take(); }

  // The same for all runs that write with the same weights; null while there is something else to do.
  const void* BatchKey() const;
  // One token more for each, in two halves: the batch's pass, and what each run makes of its row.
  static void ReadBatch(std::span<GenerateRun* const> runs);
  Slice Write() { return generation_.Write(on_token_); }

 private:
  const ReadRequest read_;
  RequestNetwork network_;
  Generation generation_;
  const OnToken on_token_;
};

}  // namespace ouroboros::binding
