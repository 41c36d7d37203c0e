#include "rwkv7/parameters/checkpoint.h"

#include "files/safetensors/safetensors_writer.h"
#include "rwkv7/parameters/model_tensors.h"

namespace ouroboros {

std::shared_ptr<const Checkpoint> ReadCheckpoint(const ModelTensors& tensors, std::string hash) {
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->shape = tensors.shape();
  checkpoint->parameters = tensors.parameters();
  checkpoint->values.Grow(ArenaSize(checkpoint->parameters));
  checkpoint->values.Zero();
  for (const ParameterInfo& parameter : checkpoint->parameters) {
    tensors.ReadF32(parameter.name, {checkpoint->values.data() + parameter.offset, parameter.count});
  }
  checkpoint->parameter_count = tensors.parameter_count();
  checkpoint->unused = tensors.unused();
  checkpoint->weights = BindWeights(checkpoint->shape, checkpoint->parameters, checkpoint->values.data());
  checkpoint->hash = std::move(hash);
  return checkpoint;
}

std::shared_ptr<const Checkpoint> LoadCheckpoint(const std::string& path) {
  const std::unique_ptr<ModelTensors> tensors = ModelTensors::Open(path);
  return ReadCheckpoint(*tensors, tensors->Sha256());
}

void SaveCheckpoint(const Shape& shape, const Weights& weights, bool in_bf16, const std::string& path) {
  Weights view = weights;
  std::vector<TensorToWrite> tensors;
  for (const ParameterInfo& parameter : ParametersOf(shape)) {
    tensors.push_back({parameter.name, in_bf16 ? DType::kBf16 : DType::kF32, parameter.shape,
                       std::span<const float>(*SlotOf(view, parameter.name), parameter.count)});
  }
  WriteSafetensors(path, tensors, {{"architecture", "rwkv7-x070"}});
}

}  // namespace ouroboros
