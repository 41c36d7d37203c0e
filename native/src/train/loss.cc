#include "train/loss.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ops/linear.h"

namespace ouroboros {
namespace {

// Rows of logits alive at once. Each chunk packs the head and adds to its whole gradient, so it pays to take
// many rows: as many as fit 134 MB (65536 tokens: 512 rows), and where the vocabulary is small, as many as
// fit the cache (8 MB).
constexpr std::size_t kHeadChunk = 512;
constexpr std::size_t kLogitsMax = std::size_t{1} << 25;
constexpr std::size_t kCachedLogits = std::size_t{1} << 21;
// Rows that are scored at once.
constexpr std::size_t kScoreChunk = 128;
// Logits of one parallel loop of the loss: some milliseconds.
constexpr std::size_t kLossLoop = std::size_t{1} << 23;

std::size_t HeadChunkOf(std::size_t vocabulary) {
  const std::size_t most = std::max(std::size_t{1}, kLogitsMax / vocabulary);
  return std::max(std::min(kHeadChunk, most), kCachedLogits / vocabulary);
}

constexpr float kL2Wrap = 1e-4f;

LinearSize HeadSizeOf(const Shape& shape, std::size_t rows) { return {rows, shape.width, shape.vocabulary}; }

struct RowLoss {
  float cross_entropy, kl_divergence;  // weighted, not yet divided
};

// Turns one row of logits into its gradient, in place, and returns the row's weighted losses.
RowLoss RowBackward(const ElementwiseKernels& kernels, float* logits, float* reference_scratch,
                    const LossRow& row, const LossTotals& totals, float l2wrap, std::size_t vocabulary) {
  const SoftmaxRow statistics = kernels.softmax_statistics(logits, vocabulary);
  RowLoss loss{0, 0};
  const float weight = row.weight == 0 ? 0 : static_cast<float>(row.weight / totals.weight);
  const float kl_weight = row.kl_weight == 0 ? 0 : static_cast<float>(row.kl_weight / totals.kl_weight);
  if (weight != 0) loss.cross_entropy = row.weight * (statistics.log_sum_exp - logits[row.target]);
  if (kl_weight != 0) {
    loss.kl_divergence = row.kl_weight * kernels.kl_divergence(row.reference, row.reference_log_sum_exp,
                                                               logits, statistics.log_sum_exp, vocabulary);
    kernels.softmax_scaled(reference_scratch, row.reference, row.reference_log_sum_exp, -kl_weight,
                           vocabulary);
  }
  kernels.softmax_scaled(logits, logits, statistics.log_sum_exp, weight + kl_weight, vocabulary);
  if (weight != 0) logits[row.target] -= weight;
  if (kl_weight != 0) kernels.add_scaled(logits, reference_scratch, 1, vocabulary);
  if (l2wrap != 0) logits[statistics.best] += l2wrap * statistics.maximum;
  return loss;
}

void Gather(float* out, const float* h, std::span<const std::size_t> rows, std::size_t width) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(out + i * width, h + rows[i] * width, width * sizeof(float));
  }
}

}  // namespace

Loss LossBackward(const Compute& compute, const Shape& shape, const Weights& weights, LossScratch& scratch,
                  float* dh, float* dhead, const float* h, std::span<const LossRow> rows,
                  const LossTotals& totals, bool l2wrap) {
  const std::size_t width = shape.width, vocabulary = shape.vocabulary;
  const float l2wrap_scale = l2wrap ? kL2Wrap / static_cast<float>(totals.rows) : 0.0f;
  if (dh != nullptr) std::fill_n(dh, rows.size() * width, 0.0f);
  scratch.active.clear();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (l2wrap || rows[row].weight != 0 || rows[row].kl_weight != 0) scratch.active.push_back(row);
  }
  LinearView<const float> head;
  head.weight = weights.head;
  LinearView<float> head_gradient;
  head_gradient.weight = dhead;
  std::vector<RowLoss> losses(scratch.active.size());
  const std::size_t chunk = HeadChunkOf(vocabulary);
  for (std::size_t begin = 0; begin < scratch.active.size(); begin += chunk) {
    compute.ThrowIfStopped();
    const std::size_t count = std::min(chunk, scratch.active.size() - begin);
    const std::span<const std::size_t> active(scratch.active.data() + begin, count);
    const LinearSize size = HeadSizeOf(shape, count);
    scratch.hidden.Grow(count * width);
    scratch.dhidden.Grow(count * width);
    scratch.logits.Grow(count * vocabulary);
    Gather(scratch.hidden.data(), h, active, width);
    LinearForward(compute, scratch.logits.data(), Write::kOverwrite, nullptr, scratch.hidden.data(), head,
                  size);
    const std::size_t loop = std::max(std::size_t{1}, kLossLoop / vocabulary);
    for (std::size_t first = 0; first < count; first += loop) {
      compute.lane.ParallelFor(std::min(loop, count - first), [&](std::size_t task) {
        const std::size_t i = first + task;
        const LossRow& row = rows[active[i]];
        float* reference_scratch =
            row.kl_weight == 0 ? nullptr : compute.lane.WorkerScratch(vocabulary).data();
        losses[begin + i] = RowBackward(compute.elementwise(), scratch.logits.data() + i * vocabulary,
                                        reference_scratch, row, totals, l2wrap_scale, vocabulary);
      });
    }
    LinearBackward(compute, dh == nullptr ? nullptr : scratch.dhidden.data(), Write::kOverwrite,
                   head_gradient, scratch.logits.data(), scratch.hidden.data(), nullptr, head, size);
    for (std::size_t i = 0; i < count && dh != nullptr; ++i) {
      std::memcpy(dh + active[i] * width, scratch.dhidden.data() + i * width, width * sizeof(float));
    }
  }
  Loss loss{0, 0};
  for (const RowLoss& row : losses) {
    loss.cross_entropy += static_cast<double>(row.cross_entropy);
    loss.kl_divergence += static_cast<double>(row.kl_divergence);
  }
  if (totals.weight > 0) loss.cross_entropy /= totals.weight;
  if (totals.kl_weight > 0) loss.kl_divergence /= totals.kl_weight;
  return loss;
}

void ScoreRows(const Compute& compute, Network& network, Buffer& buffer, std::span<RowScore> scores,
               std::size_t first, std::span<const std::uint32_t> targets) {
  const std::size_t vocabulary = network.shape().vocabulary;
  for (std::size_t begin = 0; begin < targets.size(); begin += kScoreChunk) {
    const std::size_t count = std::min(kScoreChunk, targets.size() - begin);
    buffer.Grow(count * vocabulary);
    network.Logits(buffer.data(), first + begin, count);
    compute.lane.ParallelFor(count, [&](std::size_t i) {
      float* logits = buffer.data() + i * vocabulary;
      const SoftmaxRow statistics = compute.elementwise().softmax_statistics(logits, vocabulary);
      const std::uint32_t target = targets[begin + i];
      const float target_logit = logits[target];
      float other = statistics.maximum;
      if (statistics.best == target) {
        logits[target] = -std::numeric_limits<float>::infinity();
        other = *std::max_element(logits, logits + vocabulary);
      }
      scores[begin + i] = {target_logit - statistics.log_sum_exp, static_cast<std::uint32_t>(statistics.best),
                           target_logit - other};
    });
  }
}

}  // namespace ouroboros
