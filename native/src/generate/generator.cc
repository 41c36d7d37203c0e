#include "generate/generator.h"

#include <algorithm>

namespace ouroboros {
namespace {

std::vector<std::uint32_t> UncountedTokens(const std::shared_ptr<const Tokenizer>& tokenizer) {
  std::vector<std::uint32_t> tokens;
  if (tokenizer == nullptr) return tokens;
  for (std::uint32_t token = 0; token < tokenizer->size(); ++token) {
    const auto bytes = tokenizer->BytesOf(token);
    if (bytes && !bytes->empty() && IsUncounted(*bytes)) tokens.push_back(token);
  }
  return tokens;
}

bool Contains(const std::vector<std::uint32_t>& tokens, std::uint32_t token) {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

// Whether a stop string ends within the bytes that the last token added.
bool EndsAtStopString(const std::string& text, std::size_t before, const std::vector<std::string>& stops) {
  return std::any_of(stops.begin(), stops.end(), [&](const std::string& stop) {
    const std::size_t overlap = stop.empty() ? 0 : stop.size() - 1;
    return !stop.empty() && text.find(stop, before > overlap ? before - overlap : 0) != std::string::npos;
  });
}

}  // namespace

Generated Generate(const Compute& compute, const Shape& shape, const Weights& weights, Reader& reader,
                   const State& start, const GenerationRequest& request, const std::stop_token& stop,
                   const OnToken& on_token) {
  CheckTokens(request.tokens, shape);
  const std::vector<std::uint32_t> uncounted = UncountedTokens(request.tokenizer);
  Sampler sampler(request.sampling, shape.vocabulary, uncounted);
  State state = start.Copy();
  Buffer logits(shape.vocabulary);
  const auto keep_last = [&](std::size_t, std::size_t rows, const float* h) {
    HeadForward(compute, shape, weights, logits.data(), h + (rows - 1) * shape.width, 1);
  };
  Generated result{{}, {}, StoppedBy::kLimit};
  std::string text;
  std::span<const std::uint32_t> next(request.tokens);
  std::uint32_t written = 0;
  while (result.tokens.size() < request.tokens_max) {
    if (!reader.Read(compute, shape, weights, state, next, stop, keep_last) || stop.stop_requested()) {
      result.stopped_by = StoppedBy::kCancel;
      return result;
    }
    const Choice choice = sampler.Choose(logits.span());
    if (Contains(request.stop_tokens, choice.token)) {
      result.stopped_by = StoppedBy::kToken;
      return result;
    }
    result.tokens.push_back(choice.token);
    result.log_probabilities.push_back(choice.log_probability);
    on_token(choice.token, choice.log_probability);
    if (!request.stop_strings.empty() && request.tokenizer != nullptr) {
      const std::size_t before = text.size();
      // A model may have more rows than its vocabulary has entries; such tokens have no bytes.
      text += request.tokenizer->BytesOf(choice.token).value_or("");
      if (EndsAtStopString(text, before, request.stop_strings)) {
        result.stopped_by = StoppedBy::kString;
        return result;
      }
    }
    written = choice.token;
    next = {&written, 1};
  }
  return result;
}

}  // namespace ouroboros
