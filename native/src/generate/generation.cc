#include "generate/generation.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace ouroboros {
namespace {

std::span<const std::uint32_t> UncountedTokens(const std::shared_ptr<const Tokenizer>& tokenizer) {
  return tokenizer == nullptr ? std::span<const std::uint32_t>() : tokenizer->uncounted();
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

Generation::Generation(Network& network, const ElementwiseKernels& kernels, State start,
                       GenerationRequest request)
    : request_(std::move(request)),
      network_(network),
      reading_(network, std::move(start), request_.tokens),
      sampler_(kernels, request_.sampling, network.shape().vocabulary, UncountedTokens(request_.tokenizer)),
      logits_(network.shape().vocabulary) {
  CheckTokens(request_.tokens, network.shape());
}

Slice Generation::Step(const std::stop_token& stop, const OnToken& on_token) {
  if (written_.tokens.size() >= request_.tokens_max) return EndBy(StoppedBy::kLimit);
  std::size_t read = 0;  // rows of the pass
  const Progress progress =
      reading_.Step(stop, [&](const ReadRows& rows) { read = rows.first + rows.count; });
  if (progress == Progress::kStopped || stop.stop_requested()) return EndBy(StoppedBy::kCancel);
  if (progress != Progress::kDone) return SliceOf(progress);
  OURO_CHECK(read > 0);
  network_.Logits(logits_.data(), read - 1, 1);
  return Write(on_token);
}

void Generation::ReadBatch(Buffer& logits, std::span<Generation* const> generations) {
  std::vector<Reading*> readings;
  for (Generation* const generation : generations) readings.push_back(&generation->reading_);
  Reading::ReadBatch(readings);
  Network& network = generations.front()->network_;
  const std::size_t vocabulary = network.shape().vocabulary;
  logits.Grow(generations.size() * vocabulary);
  network.Logits(logits.data(), 0, generations.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    std::copy_n(logits.data() + i * vocabulary, vocabulary, generations[i]->logits_.data());
  }
}

Slice Generation::EndBy(StoppedBy reason) {
  written_.stopped_by = reason;
  return Slice::kDone;
}

Slice Generation::Write(const OnToken& on_token) {
  const auto [token, log_probability] = sampler_.Choose(logits_.span());
  if (Contains(request_.stop_tokens, token)) return EndBy(StoppedBy::kToken);
  written_.tokens.push_back(token);
  written_.log_probabilities.push_back(log_probability);
  on_token(token, log_probability);
  if (HasReachedStopString(token)) return EndBy(StoppedBy::kString);
  reading_.Append(token);
  return written_.tokens.size() < request_.tokens_max ? Slice::kMore : Slice::kDone;
}

bool Generation::HasReachedStopString(std::uint32_t token) {
  if (request_.stop_strings.empty() || request_.tokenizer == nullptr) return false;
  const std::size_t before = text_.size();
  // A model may have more rows than its vocabulary has entries; such tokens have no bytes.
  text_ += request_.tokenizer->BytesOf(token).value_or("");
  return EndsAtStopString(text_, before, request_.stop_strings);
}

}  // namespace ouroboros
