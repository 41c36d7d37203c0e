// ServedModel: one model in memory, packed for inference; what training needs of it in float32 is read from
// the file when it is asked for.
//
// Immutable once made; share it freely among threads through a shared_ptr. All that inference reads is its
// own memory; the file stays open for the masters alone.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rwkv7/parameters/checkpoint.h"
#include "rwkv7/parameters/model_tensors.h"
#include "rwkv7/served/served_weights.h"
#include "tensor/weight_memory.h"

namespace ouroboros {

class ServedModel {
 public:
  // Packs on `threads` threads of its own. Without a type, that of the file's big matrices (f16 becomes f32);
  // a quantized file's low-rank matrices and head, which it keeps in larger types, are then rounded, too.
  // Throws as LoadCheckpoint; kChanged where the file is being written.
  static std::shared_ptr<const ServedModel> Load(const std::string& path, std::optional<WeightType> type,
                                                 std::size_t threads);
  static std::shared_ptr<const ServedModel> Of(std::shared_ptr<const Checkpoint> checkpoint, WeightType type,
                                               std::size_t threads);

  const Shape& shape() const { return shape_; }
  WeightType type() const { return type_; }
  const ServedWeights& weights() const { return weights_; }
  // Of what inference reads.
  std::size_t bytes() const;
  std::size_t parameter_count() const { return parameter_count_; }
  const std::string& hash() const { return hash_; }

  // All tensors in float32. Read at the first call, and again after the last holder of them is gone; takes
  // 4 bytes per parameter and about a second per GB. Throws EngineError: kChanged where the file no longer
  // holds the bytes that were loaded, so that training never starts from other numbers than those that serve;
  // kFile.
  std::shared_ptr<const Checkpoint> Masters() const;

 private:
  class Packer;
  ServedModel() = default;
  static std::shared_ptr<const ServedModel> LoadOnce(const std::string& path, std::optional<WeightType> type,
                                                     std::size_t threads);

  Shape shape_{};
  WeightType type_ = WeightType::kF32;
  std::size_t parameter_count_ = 0;
  std::string hash_;
  ServedWeights weights_;
  WeightMemory packed_, embedding_;
  Buffer vectors_;
  mutable std::unique_ptr<ModelTensors> tensors_;  // null for a model made in memory,
  std::shared_ptr<const Checkpoint> checkpoint_;   // which keeps its masters
  mutable std::mutex masters_mutex_;
  mutable std::weak_ptr<const Checkpoint> masters_;
};

}  // namespace ouroboros
