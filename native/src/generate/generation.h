// Generation: one cancellable run of tokens from a State, in slices: a part of a pass (reading.h), or one
// token.
//
// Thread safety: one caller per Generation and per network, whose buffers several Generations may share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "generate/reading.h"
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

class Generation {
 public:
  // Reads request.tokens from `start`, then writes. A stop token is not part of the result; tokens up to and
  // with the one that completes a stop string are. Throws EngineError for tokens or options out of range.
  // The network and the kernels, which the sampler uses, must outlive this.
  Generation(Network& network, const ElementwiseKernels& kernels, State start, GenerationRequest request);

  // One slice. Cancellation is seen before every layer and every token.
  Slice Step(const std::stop_token& stop, const OnToken& on_token);

  // Whether the next slice is one more token, and nothing else.
  bool IsWriting() const { return written_.tokens.size() < request_.tokens_max && reading_.HasOneLeft(); }
  // The first half of that slice for several with the same weights, as one batch; Write is the second. logits
  // is scratch. The same bits as each alone.
  static void ReadBatch(Buffer& logits, std::span<Generation* const> generations);
  Slice Write(const OnToken& on_token);

  // What was written.
  Generated Take() { return std::move(written_); }

 private:
  Slice EndBy(StoppedBy reason);
  bool HasReachedStopString(std::uint32_t token);

  const GenerationRequest request_;
  Network& network_;
  Reading reading_;
  Sampler sampler_;
  Buffer logits_;
  Generated written_{{}, {}, StoppedBy::kLimit};
  std::string text_;  // of what was written, where stop strings are looked for
};

}  // namespace ouroboros
