// The weights of one model as inference reads them: matrices packed (kernels/packed/packed_matrix.h), vectors
// in float32, embeddings as rows.
//
// Views: they own nothing and are cheap to copy; laying an adapter over a model is copying the view and
// replacing parts of it. Thread safety: as the memory behind them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "files/dtype.h"
#include "kernels/packed/packed_matrix.h"
#include "rwkv7/parameters/parameter_set.h"
#include "rwkv7/parameters/weights.h"

namespace ouroboros {

// [V, D] of any float type, row-major.
struct Embedding {
  const std::byte* rows = nullptr;
  DType type = DType::kF32;

  void Row(std::size_t token, std::size_t width, float* out) const;
};

// y = W x + B (A x); B carries the LoRA's scale. Without LoRA the factors are empty.
struct ServedLinear {
  PackedMatrix weight, lora_a, lora_b;
};

struct ServedFactors {
  PackedMatrix down, up;
};

struct ServedBlock {
  BlockView<const float> vectors;  // its matrices are null
  std::array<ServedLinear, kBigMatrices> linear;
  ServedFactors w, a, v, g;  // v: blocks > 0
};

struct ServedWeights {
  Embedding emb;
  NormView<const float> ln_out;
  PackedMatrix head;
  std::vector<ServedBlock> blocks;
};

// One matrix of a model, [outputs, inputs], and where its numbers stand in the official tensor.
struct MatrixLayout {
  std::size_t outputs, inputs;
  std::size_t output_stride, input_stride;
};
// The layout of tensor `parameter` where it is served packed: the six big matrices, the eight low-rank ones,
// the head. False for all others.
bool IsServedPacked(const ParameterInfo& parameter);
MatrixLayout MatrixLayoutOf(const ParameterInfo& parameter);
// The place of a packed tensor. Bug for any other name.
PackedMatrix& PackedSlotOf(ServedWeights& weights, const std::string& name);

}  // namespace ouroboros
