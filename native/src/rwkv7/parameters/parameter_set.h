// Some tensors of a model, under their official names: what a Trainer changes and what an Adapter lays over a
// Checkpoint.
//
// Whole tensors replace the checkpoint's; `*.lora_A` [rank, in] and `*.lora_B` [out, rank] add (alpha / rank)
// B A to a big matrix; `*.time_state` changes the State from which the set begins to act (time_state.h). One
// flat buffer holds all values, so moments and gradients share the layout. An
// Adapter is a `std::shared_ptr<const ParameterSet>`: immutable, free to share among threads.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rwkv7/parameters/weights.h"
#include "tensor/buffer.h"

namespace ouroboros {

class PackedAdapter;  // packed_adapter.h

struct ParameterSet {
  Shape shape{};  // of the model it belongs to
  std::vector<ParameterInfo> parameters;
  Buffer values;
  std::size_t lora_rank = 0;  // 0: whole tensors only
  float lora_alpha = 0;
  // How inference reads it; only where it has been published (packed_adapter.h).
  std::shared_ptr<const PackedAdapter> packed;

  ParameterSet Copy() const { return {shape, parameters, values.Copy(), lora_rank, lora_alpha, nullptr}; }
};

using Adapter = std::shared_ptr<const ParameterSet>;

// Throws EngineError(kArgument) for a name that occurs twice among those to be trained.
void CheckDistinct(const std::vector<std::string>& names);

// The named tensors of the base, values copied, emb.weight last. Throws EngineError(kArgument) for a name
// that the model lacks or that occurs twice.
ParameterSet WholeTensors(const Shape& shape, const Weights& base, const std::vector<std::string>& names);

struct LoraTarget {
  std::size_t layer;
  BigMatrix matrix;
};
// A ~ N(0, 1 / in), B = 0, from the seed. Throws EngineError(kArgument) for a target that occurs twice, a
// rank outside 1 .. kLoraRankMax, or an alpha that is not a positive number.
inline constexpr std::size_t kLoraRankMax = 1024;
ParameterSet FreshLora(const Shape& shape, const std::vector<LoraTarget>& targets, std::size_t rank,
                       float alpha, std::uint64_t seed);

// Throws EngineError(kAdapter) unless every tensor fits the shape and each A has its B; finds the LoRA rank
// and notes the shape.
void CheckAdapterFits(const Shape& shape, ParameterSet& set);

// The base with the set laid over it. The view points into both.
Weights Overlay(const Weights& base, const ParameterSet& set);
// Gradients of exactly the set's tensors, in a flat arena of its layout; everything else is null (frozen).
Gradients BindGradients(const Shape& shape, const ParameterSet& set, float* arena);

// Matrices (two or more non-unit dimensions, whole) are stored in bf16, everything else in f32.
bool IsStoredInBf16(const ParameterInfo& parameter);
// Rounds those tensors as saving would.
void RoundAsStored(ParameterSet& set);

// What a file of the set must say besides its tensors: a LoRA's alpha, to the last digit.
std::map<std::string, std::string> MetadataOf(const ParameterSet& set);

// Throws EngineError(kFile) when it cannot be written. Atomic.
void SaveParameterSet(const ParameterSet& set, const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& metadata);
// Throws EngineError: kFile, kFormat, kNumbers, or kAdapter where a tensor does not fit the shape.
ParameterSet LoadParameterSet(const Shape& shape, const std::string& path);

}  // namespace ouroboros
