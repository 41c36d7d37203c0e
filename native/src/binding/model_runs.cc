#include "binding/model_runs.h"

#include <span>
#include <utility>

namespace ouroboros::binding {

ReadRun::ReadRun(const ReadRequest& request)
    : request_(request), network_(request_), reading_(request.state->Copy(), request.tokens) {}

Slice ReadRun::Step(const std::stop_token& stop) {
  Worker& worker = request_.worker();
  progress_ =
      reading_.Step(worker.compute.With(stop), network_.get(), [](std::size_t, std::size_t, const float*) {});
  return SliceOf(progress_);
}

std::shared_ptr<const State> ReadRun::Finish() {
  if (progress_ != Progress::kDone) return nullptr;
  return std::make_shared<const State>(reading_.TakeState());
}

namespace {

// tokens[0 .. n - 1): what is read to score tokens[1 .. n).
std::vector<std::uint32_t> InputsOf(const std::vector<std::uint32_t>& tokens) {
  return {tokens.begin(), tokens.empty() ? tokens.end() : tokens.end() - 1};
}
std::vector<std::uint32_t> TargetsOf(const std::vector<std::uint32_t>& tokens) {
  return {tokens.empty() ? tokens.end() : tokens.begin() + 1, tokens.end()};
}

}  // namespace

Scoring::Scoring(Worker& worker, Network& network, const State& start,
                 const std::vector<std::uint32_t>& tokens)
    : worker_(worker),
      network_(network),
      targets_(TargetsOf(tokens)),
      reading_(start.Copy(), InputsOf(tokens)),
      scores_(targets_.size()) {}

Slice Scoring::Step(const std::stop_token& stop) {
  const Compute compute = worker_.compute.With(stop);
  progress_ = reading_.Step(compute, network_, [&](std::size_t first, std::size_t rows, const float* h) {
    ScoreRows(compute, network_, worker_.loss.logits, std::span(scores_).subspan(first, rows), h,
              std::span(targets_).subspan(first, rows));
  });
  return SliceOf(progress_);
}

std::optional<std::vector<RowScore>> Scoring::Finish() {
  if (progress_ != Progress::kDone) return std::nullopt;
  return std::move(scores_);
}

ScoreRun::ScoreRun(const ReadRequest& request)
    : request_(request),
      network_(request_),
      scoring_(request_.worker(), network_.get(), *request.state, request.tokens) {}

ReferenceRun::ReferenceRun(const ReadRequest& request)
    : request_(request),
      network_(request_),
      reading_(request.state->Copy(), request.tokens),
      reference_(std::make_shared<ReferenceLogits>()) {
  reference_->rows = request.tokens.size();
  reference_->vocabulary = request.shape().vocabulary;
  reference_->logits.Grow(reference_->rows * reference_->vocabulary);
  reference_->log_sum_exp.resize(reference_->rows);
}

Slice ReferenceRun::Step(const std::stop_token& stop) {
  Worker& worker = request_.worker();
  progress_ =
      reading_.Step(worker.compute.With(stop), network_.get(),
                    [&](std::size_t first, std::size_t rows, const float* h) { KeepLogits(first, rows, h); });
  return SliceOf(progress_);
}

void ReferenceRun::KeepLogits(std::size_t first, std::size_t rows, const float* h) {
  const Compute& compute = request_.worker().compute;
  const std::size_t vocabulary = reference_->vocabulary;
  float* logits = reference_->logits.data() + first * vocabulary;
  network_.get().Logits(compute, logits, h, rows);
  compute.lane.ParallelFor(rows, [&](std::size_t row) {
    reference_->log_sum_exp[first + row] =
        compute.elementwise().softmax_statistics(logits + row * vocabulary, vocabulary).log_sum_exp;
  });
}

std::shared_ptr<const ReferenceLogits> ReferenceRun::Finish() {
  return progress_ == Progress::kDone ? std::move(reference_) : nullptr;
}

GenerateRun::GenerateRun(const ReadRequest& read, const GenerationRequest& request, OnToken on_token)
    : read_(read),
      network_(read_),
      generation_(read_.worker().compute.elementwise(), read_.shape(), read.state->Copy(), request),
      on_token_(std::move(on_token)) {}

Slice GenerateRun::Step(const std::stop_token& stop) {
  Worker& worker = read_.worker();
  return generation_.Step(worker.compute.With(stop), network_.get(), on_token_);
}

const void* GenerateRun::Company() const {
  if (!generation_.IsWriting()) return nullptr;
  if (read_.adapter != nullptr) return read_.adapter.get();
  return read_.model->served.get();
}

void GenerateRun::ReadTogether(std::span<GenerateRun* const> runs) {
  std::vector<Generation*> generations;
  for (GenerateRun* const run : runs) generations.push_back(&run->generation_);
  Worker& worker = runs.front()->read_.worker();
  Generation::ReadTogether(worker.compute, runs.front()->network_.get(), worker.loss.logits, generations);
}

}  // namespace ouroboros::binding
