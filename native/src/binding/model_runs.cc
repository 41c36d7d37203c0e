#include "binding/model_runs.h"

#include <span>
#include <utility>

namespace ouroboros::binding {

ReadRun::ReadRun(const ReadRequest& request)
    : request_(request),
      network_(request_),
      reading_(network_.get(), request.state->Copy(), request.tokens) {}

Slice ReadRun::Step(const std::stop_token& stop) {
  progress_ = reading_.Step(stop, [](const ReadRows&) {});
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
      reading_(network, start.Copy(), InputsOf(tokens)),
      scores_(targets_.size()) {}

Slice Scoring::Step(const std::stop_token& stop) {
  progress_ = reading_.Step(stop, [&](const ReadRows& rows) {
    ScoreRows(worker_.compute, network_, worker_.loss.logits,
              std::span(scores_).subspan(rows.position, rows.count), rows.first,
              std::span(targets_).subspan(rows.position, rows.count));
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
      reading_(network_.get(), request.state->Copy(), request.tokens),
      reference_(std::make_shared<ReferenceLogits>()) {
  reference_->rows = request.tokens.size();
  reference_->vocabulary = request.shape().vocabulary;
  reference_->logits.Grow(reference_->rows * reference_->vocabulary);
  reference_->log_sum_exp.resize(reference_->rows);
}

Slice ReferenceRun::Step(const std::stop_token& stop) {
  progress_ = reading_.Step(stop, [&](const ReadRows& rows) { KeepLogits(rows); });
  return SliceOf(progress_);
}

void ReferenceRun::KeepLogits(const ReadRows& rows) {
  const Compute& compute = request_.worker().compute;
  const std::size_t vocabulary = reference_->vocabulary;
  float* logits = reference_->logits.data() + rows.position * vocabulary;
  network_.get().Logits(logits, rows.first, rows.count);
  compute.lane.ParallelFor(rows.count, [&](std::size_t row) {
    reference_->log_sum_exp[rows.position + row] =
        compute.elementwise().softmax_statistics(logits + row * vocabulary, vocabulary).log_sum_exp;
  });
}

std::shared_ptr<const ReferenceLogits> ReferenceRun::Finish() {
  return progress_ == Progress::kDone ? std::move(reference_) : nullptr;
}

GenerateRun::GenerateRun(const ReadRequest& read, const GenerationRequest& request, OnToken on_token)
    : read_(read),
      network_(read_),
      generation_(network_.get(), read_.worker().compute.elementwise(), read.state->Copy(), request),
      on_token_(std::move(on_token)) {}

Slice GenerateRun::Step(const std::stop_token& stop) { return generation_.Step(stop, on_token_); }

const void* GenerateRun::BatchKey() const {
  if (!generation_.IsWriting()) return nullptr;
  if (read_.adapter != nullptr) return read_.adapter.get();
  return read_.model->served.get();
}

void GenerateRun::ReadBatch(std::span<GenerateRun* const> runs) {
  std::vector<Generation*> generations;
  for (GenerateRun* const run : runs) generations.push_back(&run->generation_);
  Generation::ReadBatch(runs.front()->read_.worker().loss.logits, generations);
}

}  // namespace ouroboros::binding
