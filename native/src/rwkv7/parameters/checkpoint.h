// Checkpoint: all tensors of one RWKV-7 model in memory, as float32, with their shape and content hash.
//
// Immutable once made; share it freely among threads through a shared_ptr. Views point into it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rwkv7/parameters/weights.h"
#include "tensor/buffer.h"

namespace ouroboros {

struct Checkpoint {
  Shape shape;
  std::vector<ParameterInfo> parameters;
  Buffer values;  // laid out by `parameters`
  Weights weights;
  std::string hash;  // sha256 of the file, lower-case hex
  // Tensors of the file without influence (block 0's value residual): name and count; not kept in memory.
  std::vector<std::pair<std::string, std::size_t>> unused;
  std::size_t parameter_count;  // numbers in the file's tensors, block 0's unused v0, v1, v2 included
};

// Reads safetensors or .pth. Sizes come from the tensors. Throws EngineError: kFile, kFormat; kArchitecture
// for a missing tensor, one of another RWKV variant (named), or a wrong shape; kNumbers for NaN or infinite
// values.
std::shared_ptr<const Checkpoint> LoadCheckpoint(const std::string& path);
// The same of a file that is open; `hash` is its content hash.
class ModelTensors;
std::shared_ptr<const Checkpoint> ReadCheckpoint(const ModelTensors& tensors, std::string hash);

// A shape with the official LoRA ranks where `ranks` are zero, and F = 4 D where ffn is zero.
// Throws EngineError(kArgument) for sizes that are no model.
Shape CompleteShape(Shape shape);
// The official initial values (BlinkDL/RWKV-LM RWKV-v7/train_temp/src/model.py; rwkv7.md iv), from the seed.
std::shared_ptr<const Checkpoint> InitialCheckpoint(const Shape& shape, std::uint64_t seed);

// Writes view `weights` as a checkpoint file of this shape. Atomic. Throws EngineError(kFile).
void SaveCheckpoint(const Shape& shape, const Weights& weights, bool in_bf16, const std::string& path);

}  // namespace ouroboros
