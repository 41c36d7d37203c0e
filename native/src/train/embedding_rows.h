// Gradient and moments of emb, for the rows of tokens that occurred in training; nothing for the others.
//
// A token that never occurred has no gradient and no moments, so AdamW does nothing to its row but decay it:
// what is computed here is AdamW over all rows, bit for bit, without memory or work for rows of zeros. Rows
// once added stay: their moments fade and go on moving them, as AdamW has it. (A lazy AdamW, which leaves
// such rows alone until their token comes again, would be another optimizer.)
//
// Thread safety: one caller. Memory: three rows per token that occurred.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "train/adamw.h"

namespace ouroboros {

class EmbeddingRows {
 public:
  EmbeddingRows(std::size_t vocabulary, std::size_t width);

  // Gives rows to tokens that are new, in their order, with moments of zero.
  void AddTokens(std::span<const std::uint32_t> tokens);
  std::span<const std::uint32_t> tokens() const { return tokens_; }

  void ZeroGradient(const Compute& compute);
  // For BindGradients' emb and emb_rows. Valid until tokens are added.
  float* gradient() { return gradient_.data(); }
  const std::uint32_t* rows() const { return rows_.data(); }
  double SumOfSquares(const Compute& compute) const;

  // One AdamW update of all of emb [V, D].
  void Step(const Compute& compute, float* emb, const AdamWArguments& shared, float decay);

  // [rows, D]
  std::span<float> m() { return {m_.data(), floats()}; }
  std::span<float> v() { return {v_.data(), floats()}; }
  std::span<const float> m() const { return {m_.data(), floats()}; }
  std::span<const float> v() const { return {v_.data(), floats()}; }

 private:
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  std::size_t floats() const { return tokens_.size() * width_; }

  std::size_t width_;
  std::vector<std::uint32_t> rows_;    // [V]: of each token, or kNoRow
  std::vector<std::uint32_t> tokens_;  // of each row
  Buffer gradient_, m_, v_;            // [rows, D]; sizes grow ahead of the rows
};

}  // namespace ouroboros
