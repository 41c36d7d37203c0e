// Views of all tensors of one RWKV-7 model, by role: `Weights` to read, `Gradients` to write.
//
// A view owns nothing and is cheap to copy: laying an Adapter over a Checkpoint is copying the view and
// replacing pointers. Shapes stand beside the fields; linear weights are [out, in]. In Gradients a null
// pointer means frozen: backward neither computes nor stores that gradient. Thread safety: as the memory
// behind it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/views.h"
#include "rwkv7/shape.h"

namespace ouroboros {

// The six big matrices of a layer, in this order wherever they are indexed.
enum BigMatrix : std::size_t { kReceptance, kKey, kValue, kOutput, kFfnKey, kFfnValue, kBigMatrices };
inline constexpr std::array<const char*, kBigMatrices> kBigMatrixNames = {
    "att.receptance", "att.key", "att.value", "att.output", "ffn.key", "ffn.value"};

// The two factors around a data-dependent vector: x @ down @ up, [D, rank] and [rank, D].
template <typename T>
struct FactorView {
  T* down = nullptr;
  T* up = nullptr;
};

template <typename T>
struct BlockView {
  NormView<T> ln0;  // block 0 only
  NormView<T> ln1, ln2, ln_x;
  std::array<T*, 6> mix{};                         // x_r, x_w, x_k, x_v, x_a, x_g: [D]
  T* w0 = nullptr;                                 // [D]
  T* a0 = nullptr;                                 // [D]
  T* v0 = nullptr;                                 // [D]; blocks > 0
  FactorView<T> w, a, v, g;                        // v: blocks > 0
  T* k_k = nullptr;                                // [D]
  T* k_a = nullptr;                                // [D]
  T* r_k = nullptr;                                // [H, 64]
  std::array<LinearView<T>, kBigMatrices> linear;  // r, k, v, o: [D, D]; ffn.key [F, D]; ffn.value [D, F]
  T* ffn_mix = nullptr;                            // [D]
  T* time_state = nullptr;  // [H, 64, 64], added to the wkv State that tokens are read from (time_state.h)
};

template <typename T>
struct ModelView {
  T* emb = nullptr;  // [V, D]
  // Gradients only: the row of emb that each token's gradient goes to; null: the token's own.
  const std::uint32_t* emb_rows = nullptr;
  T* head = nullptr;  // [V, D]
  NormView<T> ln_out;
  std::vector<BlockView<T>> blocks;
};

using Weights = ModelView<const float>;
using Gradients = ModelView<float>;

inline constexpr const char* kEmbedding = "emb.weight";

// One tensor of the model: its official name and shape (dimensions as in official files, [1,1,D] for the
// vectors).
struct ParameterInfo {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t
      offset;  // in floats, in a flat arena in this order; multiples of 16 so that every tensor is aligned
  std::size_t count;
};

// Gives every parameter its count and offset, in order.
void AssignOffsets(std::vector<ParameterInfo>& parameters);
// All tensors of the shape, in the order of official files. Block 0 has no v0, v1, v2: they have no
// influence.
std::vector<ParameterInfo> ParametersOf(const Shape& shape);
// Floats of the arena that ParametersOf describes.
std::size_t ArenaSize(const std::vector<ParameterInfo>& parameters);

// The place of tensor `name` in the view; null for an unknown name. Instantiated for Weights and Gradients.
template <typename T>
T** SlotOf(ModelView<T>& view, const std::string& name);

// A view of a flat arena laid out by ParametersOf.
Weights BindWeights(const Shape& shape, const std::vector<ParameterInfo>& parameters, const float* arena);

}  // namespace ouroboros
