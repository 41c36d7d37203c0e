// Reads tokens: from a State to the State after them, in passes of bounded size.
//
// Thread safety: one caller per Reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

#include "base/function_ref.h"
#include "rwkv7/model.h"

namespace ouroboros {

// Rows of one pass: large enough for full-speed matrix products, small enough for memory and for stopping
// soon.
constexpr std::size_t kReadPass = 256;

class Reader {
 public:
  // Called after each pass with ln_out of its rows, [rows, D], `first` being the position of the first.
  using OnRows = FunctionRef<void(std::size_t first, std::size_t rows, const float* h)>;

  // Advances `state` over all tokens; false when a stop was asked for before the last layer of the last pass
  // (the state is then of no use).
  bool Read(const Compute& compute, const Shape& shape, const Weights& weights, State& state,
            std::span<const std::uint32_t> tokens, const std::stop_token& stop, const OnRows& on_rows,
            std::size_t pass_rows = kReadPass);

 private:
  Activations activations_;
};

// Throws EngineError(kToken) for an id outside the vocabulary.
void CheckTokens(std::span<const std::uint32_t> tokens, const Shape& shape);

}  // namespace ouroboros
