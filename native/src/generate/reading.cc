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

Reading::Reading(State start, std::vector<std::uint32_t> tokens, std::size_t pass_rows)
    : state_(std::move(start)), tokens_(std::move(tokens)), pass_rows_(pass_rows) {
  OURO_CHECK(pass_rows_ > 0);
}

Progress Reading::Step(const Compute& compute, Network& network, const OnRows& on_rows) {
  if (next_ == tokens_.size()) return Progress::kDone;
  try {
    compute.ThrowIfStopped();
    if (batch_.rows() == 0) BeginPass(compute, network);
    if (layer_ < network.shape().layers && !ReadLayers(compute, network)) return Progress::kMidway;
    const std::size_t rows = std::min(kRowsAtOnce, batch_.rows() - handed_);
    on_rows(next_, rows, h_ + handed_ * network.shape().width);
    handed_ += rows;
    next_ += rows;
  } catch (const Stopped&) {
    return Progress::kStopped;
  }
  if (handed_ < batch_.rows()) return Progress::kMidway;
  batch_ = {};
  return next_ == tokens_.size() ? Progress::kDone : Progress::kMore;
}

void Reading::BeginPass(const Compute& compute, Network& network) {
  layer_ = handed_ = 0;
  const std::size_t rows = std::min(pass_rows_, tokens_.size() - next_);
  batch_.Append(std::span(tokens_).subspan(next_, rows), state_);
  network.Begin(compute, batch_);
}

// True when the rows are through, and there is time left in the slice for what is done with them.
bool Reading::ReadLayers(const Compute& compute, Network& network) {
  const std::size_t all = network.shape().layers;
  const std::size_t layers = std::max<std::size_t>(1, kSliceWork / batch_.rows());
  const std::size_t end = std::min(all, layer_ + layers);
  for (; layer_ < end; ++layer_) network.Layer(compute, batch_, layer_, {&state_, 1});
  if (layer_ < all) return false;
  h_ = network.End(compute, batch_);
  return layers >= all;
}

const float* Reading::ReadTogether(const Compute& compute, Network& network,
                                   std::span<Reading* const> readings) {
  std::vector<State> states;
  states.reserve(readings.size());
  Batch batch;
  for (Reading* const reading : readings) {
    OURO_CHECK(reading->HasOneLeft());
    states.push_back(std::move(reading->state_));
    batch.Append({&reading->tokens_.back(), 1}, states.back());
  }
  network.Begin(compute, batch);
  for (std::size_t layer = 0; layer < network.shape().layers; ++layer) {
    network.Layer(compute, batch, layer, states);
  }
  for (std::size_t i = 0; i < readings.size(); ++i) {
    readings[i]->state_ = std::move(states[i]);
    ++readings[i]->next_;
  }
  return network.End(compute, batch);
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
