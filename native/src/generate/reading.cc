#include "generate/reading.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace ouroboros {
namespace {

// Rows times layers of a slice.
constexpr std::size_t kSliceWork = kReadPass;
// Rows whose logits are computed in one slice: as many as scoring keeps at once (loss.cc).
constexpr std::size_t kRowsAtOnce = 128;

}  // namespace

Reading::Reading(Network& network, State start, std::vector<std::uint32_t> tokens, std::size_t pass_rows)
    : network_(network),
      state_(network.Import(std::move(start))),
      tokens_(std::move(tokens)),
      pass_rows_(pass_rows) {
  OURO_CHECK(pass_rows_ > 0);
}

Progress Reading::Step(const std::stop_token& stop, const OnRows& on_rows) {
  if (next_ == tokens_.size()) return Progress::kDone;
  if (stop.stop_requested()) return Progress::kStopped;
  if (pass_ == 0) BeginPass();
  if (layer_ < network_.shape().layers && !ReadLayers(stop)) {
    return stop.stop_requested() ? Progress::kStopped : Progress::kMidway;
  }
  const std::size_t rows = std::min(kRowsAtOnce, pass_ - handed_);
  on_rows({next_, handed_, rows});
  handed_ += rows;
  next_ += rows;
  if (handed_ < pass_) return Progress::kMidway;
  pass_ = 0;
  return next_ == tokens_.size() ? Progress::kDone : Progress::kMore;
}

void Reading::BeginPass() {
  layer_ = handed_ = 0;
  pass_ = std::min(pass_rows_, tokens_.size() - next_);
  const PassSequence sequence = {std::span(tokens_).subspan(next_, pass_), state_.get()};
  network_.Begin({&sequence, 1});
}

// True when the rows are through, and there is time left in the slice for what is done with them.
bool Reading::ReadLayers(const std::stop_token& stop) {
  const std::size_t all = network_.shape().layers;
  const std::size_t layers = std::max<std::size_t>(1, kSliceWork / pass_);
  const std::size_t end = std::min(all, layer_ + layers);
  for (; layer_ < end; ++layer_) {
    if (stop.stop_requested()) return false;
    network_.Layer(layer_);
  }
  if (layer_ < all) return false;
  network_.End();
  return layers >= all;
}

void Reading::ReadBatch(std::span<Reading* const> readings) {
  std::vector<PassSequence> sequences;
  for (Reading* const reading : readings) {
    OURO_CHECK(reading->HasOneLeft());
    sequences.push_back({{&reading->tokens_.back(), 1}, reading->state_.get()});
  }
  Network& network = readings.front()->network_;
  network.Begin(sequences);
  for (std::size_t layer = 0; layer < network.shape().layers; ++layer) network.Layer(layer);
  network.End();
  for (Reading* const reading : readings) ++reading->next_;
}

void CheckTokens(std::span<const std::uint32_t> tokens, const Shape& shape) {
  for (const std::uint32_t token : tokens) {
    if (token >= shape.vocabulary) {
      throw EngineError(ErrorCode::kToken, "token " + std::to_string(token) +
                                               " lies outside the vocabulary of " +
                                               std::to_string(shape.vocabulary));
    }
  }
}

}  // namespace ouroboros
