#include "generate/reader.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace ouroboros {

bool Reader::Read(const Compute& compute, const Shape& shape, const Weights& weights, State& state,
                  std::span<const std::uint32_t> tokens, const std::stop_token& stop, const OnRows& on_rows,
                  std::size_t pass_rows) {
  const Compute stoppable = compute.With(stop);
  try {
    for (std::size_t first = 0; first < tokens.size(); first += pass_rows) {
      const std::size_t rows = std::min(pass_rows, tokens.size() - first);
      Batch batch;
      batch.Append(tokens.subspan(first, rows), state);
      ModelForward(stoppable, shape, weights, batch, activations_, Mode::kInference, {&state, 1});
      on_rows(first, rows, activations_.h);
    }
  } catch (const Stopped&) {
    return false;
  }
  return true;
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
