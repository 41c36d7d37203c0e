#include "train/embedding_rows.h"

#include <algorithm>
#include <utility>

namespace ouroboros {
namespace {

constexpr std::size_t kRowsAtFirst = 256;
// Rows of one task, and of one parallel loop.
constexpr std::size_t kTaskRows = 64;
constexpr std::size_t kLoopRows = 4096;

// Room for more rows, the first `used` floats kept, the rest zero.
void Enlarge(Buffer& buffer, std::size_t used, std::size_t size) {
  Buffer larger(size);
  std::copy_n(buffer.data(), used, larger.data());
  std::fill_n(larger.data() + used, size - used, 0.0f);
  buffer = std::move(larger);
}

template <typename Body>  // body(row)
void ForRows(const Compute& compute, std::size_t rows, const Body& body) {
  for (std::size_t first = 0; first < rows; first += kLoopRows) {
    const std::size_t end = std::min(rows, first + kLoopRows);
    compute.lane.ParallelFor((end - first + kTaskRows - 1) / kTaskRows, [&](std::size_t task) {
      const std::size_t begin = first + task * kTaskRows;
      for (std::size_t row = begin; row < std::min(end, begin + kTaskRows); ++row) body(row);
    });
  }
}

}  // namespace

EmbeddingRows::EmbeddingRows(std::size_t vocabulary, std::size_t width)
    : width_(width), rows_(vocabulary, kNoRow) {}

void EmbeddingRows::AddTokens(std::span<const std::uint32_t> tokens) {
  const std::size_t before = floats();
  for (const std::uint32_t token : tokens) {
    if (rows_[token] != kNoRow) continue;
    rows_[token] = static_cast<std::uint32_t>(tokens_.size());
    tokens_.push_back(token);
  }
  if (floats() <= m_.size()) return;
  const std::size_t rows = std::max({kRowsAtFirst, tokens_.size(), m_.size() / width_ * 3 / 2});
  const std::size_t size = std::min(rows, rows_.size()) * width_;
  for (Buffer* buffer : {&gradient_, &m_, &v_}) Enlarge(*buffer, before, size);
}

void EmbeddingRows::ZeroGradient(const Compute& compute) {
  ForRows(compute, tokens_.size(),
          [&](std::size_t row) { std::fill_n(gradient_.data() + row * width_, width_, 0.0f); });
}

double EmbeddingRows::SumOfSquares(const Compute& compute) const {
  std::vector<double> squares(tokens_.size());
  ForRows(compute, tokens_.size(), [&](std::size_t row) {
    squares[row] = compute.elementwise().sum_of_squares(gradient_.data() + row * width_, width_);
  });
  double total = 0;
  for (const double square : squares) total += square;
  return total;
}

void EmbeddingRows::Step(const Compute& compute, float* emb, const AdamWArguments& shared, float decay) {
  const auto step = [&](std::size_t token, float* m, float* v, const float* gradient) {
    AdamWArguments arguments = shared;
    arguments.n = width_;
    arguments.parameter = emb + token * width_;
    arguments.m = m;
    arguments.v = v;
    arguments.gradient = gradient;
    arguments.decay = decay;
    compute.elementwise().adamw(arguments);
  };
  ForRows(compute, tokens_.size(), [&](std::size_t row) {
    const std::size_t at = row * width_;
    step(tokens_[row], m_.data() + at, v_.data() + at, gradient_.data() + at);
  });
  if (decay == 0) return;
  // Moments of zero stay zero under a gradient of zero: all other rows can share three.
  ForRows(compute, rows_.size(), [&](std::size_t token) {
    if (rows_[token] != kNoRow) return;
    float* zeros = compute.lane.WorkerScratch(3 * width_).data();
    std::fill_n(zeros, 3 * width_, 0.0f);
    step(token, zeros, zeros + width_, zeros + 2 * width_);
  });
}

}  // namespace ouroboros
