// Generation: one cancellable run of tokens from a State.
//
// Thread safety: one caller per Worker memory passed in. The State given is not changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "generate/reader.h"
#include "generate/sampler.h"
#include "text/tokenizer.h"

namespace ouroboros {

struct GenerationRequest {
  std::vector<std::uint32_t> tokens;  // read first; at least one
  SamplingOptions sampling;
  std::size_t tokens_max;
  std::vector<std::uint32_t> stop_tokens;
  std::vector<std::string> stop_strings;       // need `tokenizer`
  std::shared_ptr<const Tokenizer> tokenizer;  // may be null
};

enum class StoppedBy { kToken, kString, kLimit, kCancel };

struct Generated {
  std::vector<std::uint32_t> tokens;
  std::vector<float> log_probabilities;
  StoppedBy stopped_by;
};

using OnToken = std::function<void(std::uint32_t token, float log_probability)>;

// Reads request.tokens from `start`, then writes. A stop token is not part of the result; tokens up to and
// with the one that completes a stop string are. Cancellation is seen before every token.
Generated Generate(const Compute& compute, const Shape& shape, const Weights& weights, Reader& reader,
                   const State& start, const GenerationRequest& request, const std::stop_token& stop,
                   const OnToken& on_token);

}  // namespace ouroboros
