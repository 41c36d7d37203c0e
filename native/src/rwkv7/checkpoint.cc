#include "rwkv7/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>

#include "base/error.h"
#include "files/safetensors_writer.h"
#include "files/tensor_file.h"
#include "kernels/wkv.h"
#include "rwkv7/parameter_set.h"

namespace ouroboros {
namespace {

constexpr std::size_t kLayersMax = 256;

[[noreturn]] void Refuse(const std::string& path, const std::string& reason) {
  throw EngineError(ErrorCode::kArchitecture, path + " is not a plain RWKV-7 (x070) model: " + reason);
}

// Wrappers that training tools leave around official names.
std::string OfficialName(const std::string& name) {
  for (const std::string_view prefix : {"_forward_module.", "module."}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

// What a tensor's name tells about the variant it comes from; empty for a plain x070 name.
std::string VariantOf(const std::string& name) {
  struct Sign {
    const char* part;
    const char* variant;
  };
  constexpr Sign kSigns[] = {
      {"ffn.s_emb", "DeepEmbed (x070a or x070b)"},
      {".qkv.", "DeepEmbed with attention (x070b)"},
      {"ffn.enn.", "RWKV-8 (x080)"},
      {"att.time_maa", "RWKV-6 (x060)"},
      {"att.time_mix", "RWKV-4 or RWKV-5"},
      {"att.time_decay", "RWKV-4 to RWKV-6"},
      {"model.layers.", "a Hugging Face (fla) conversion; take the official file"},
      {"att.time_state", "a State, not a model"},
      {"lora_A", "an adapter, not a model"},
  };
  for (const Sign& sign : kSigns) {
    if (name.find(sign.part) != std::string::npos) return sign.variant;
  }
  return "";
}

using Index = std::map<std::string, std::size_t>;

Index IndexTensors(const TensorFile& file, const std::string& path) {
  Index index;
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    const std::string name = OfficialName(file.tensors()[i].name);
    const std::string variant = VariantOf(name);
    if (!variant.empty()) Refuse(path, "tensor `" + name + "` belongs to " + variant);
    if (!index.emplace(name, i).second) Refuse(path, "tensor `" + name + "` occurs twice");
  }
  return index;
}

struct Reader {
  const TensorFile& file;
  const Index& index;
  const std::string& path;

  const TensorInfo& Find(const std::string& name) const {
    const auto found = index.find(name);
    if (found == index.end()) Refuse(path, "tensor `" + name + "` is missing");
    return file.tensors()[found->second];
  }
  std::size_t Dimension(const std::string& name, std::size_t from_end) const {
    const TensorInfo& tensor = Find(name);
    if (tensor.shape.size() < 2) Refuse(path, "tensor `" + name + "` has too few dimensions");
    return tensor.shape[tensor.shape.size() - 1 - from_end];
  }
};

std::size_t CountLayers(const Index& index) {
  std::size_t layers = 0;
  for (const auto& [name, position] : index) {
    std::size_t layer = 0;
    if (!name.starts_with("blocks.")) continue;
    const auto [end, error] = std::from_chars(name.data() + 7, name.data() + name.size(), layer);
    if (error == std::errc() && *end == '.') layers = std::max(layers, std::min(layer, kLayersMax) + 1);
  }
  return layers;
}

Shape ReadShape(const Reader& reader, const Index& index) {
  Shape shape{};
  shape.vocabulary = reader.Dimension("emb.weight", 1);
  shape.width = reader.Dimension("emb.weight", 0);
  shape.layers = CountLayers(index);
  if (shape.layers == 0 || shape.layers > kLayersMax) Refuse(reader.path, "it has no blocks, or too many");
  shape.heads = reader.Dimension("blocks.0.att.r_k", 1);
  const std::size_t head_size = reader.Dimension("blocks.0.att.r_k", 0);
  if (head_size != kHeadSize || shape.heads == 0 || shape.width != shape.heads * kHeadSize) {
    Refuse(reader.path, "its heads are not of 64 channels each");
  }
  shape.ffn = reader.Dimension("blocks.0.ffn.key.weight", 1);
  shape.ranks.w = reader.Dimension("blocks.0.att.w1", 0);
  shape.ranks.a = reader.Dimension("blocks.0.att.a1", 0);
  shape.ranks.g = reader.Dimension("blocks.0.att.g1", 0);
  shape.ranks.v = shape.layers > 1 ? reader.Dimension("blocks.1.att.v1", 0) : 0;
  if (shape.vocabulary == 0 || shape.ffn == 0 || shape.ranks.w == 0 || shape.ranks.a == 0 ||
      shape.ranks.g == 0 || (shape.layers > 1 && shape.ranks.v == 0)) {
    Refuse(reader.path, "a tensor has no elements");
  }
  return shape;
}

std::vector<std::size_t> WithoutUnits(const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> result;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(result), [](std::size_t n) { return n != 1; });
  return result;
}

bool HasNoInfluence(const std::string& name) {
  return name == "blocks.0.att.v0" || name == "blocks.0.att.v1" || name == "blocks.0.att.v2";
}

// Every tensor is known, or one of block 0's value-residual tensors, which have no influence.
void CheckNames(const Index& index, const std::vector<ParameterInfo>& parameters, const std::string& path) {
  for (const auto& [name, position] : index) {
    const bool unused = HasNoInfluence(name);
    const bool known = std::any_of(parameters.begin(), parameters.end(),
                                   [&wanted = name](const ParameterInfo& p) { return p.name == wanted; });
    if (!unused && !known) Refuse(path, "tensor `" + name + "` is unknown to it");
  }
}

}  // namespace

std::shared_ptr<const Checkpoint> LoadCheckpoint(const std::string& path) {
  const std::unique_ptr<TensorFile> file = TensorFile::Open(path);
  const Index index = IndexTensors(*file, path);
  const Reader reader{*file, index, path};
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->shape = ReadShape(reader, index);
  checkpoint->parameters = ParametersOf(checkpoint->shape);
  CheckNames(index, checkpoint->parameters, path);
  for (const ParameterInfo& parameter : checkpoint->parameters) {
    if (WithoutUnits(reader.Find(parameter.name).shape) != WithoutUnits(parameter.shape)) {
      Refuse(path, "tensor `" + parameter.name + "` has an unexpected shape");
    }
  }
  checkpoint->values.Grow(ArenaSize(checkpoint->parameters));
  checkpoint->values.Zero();
  for (const ParameterInfo& parameter : checkpoint->parameters) {
    const std::span<float> values(checkpoint->values.data() + parameter.offset, parameter.count);
    file->ReadF32(index.at(parameter.name), values);
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
      throw EngineError(ErrorCode::kNumbers,
                        path + ": tensor `" + parameter.name + "` holds NaN or infinite values");
    }
  }
  checkpoint->parameter_count = 0;
  for (const TensorInfo& tensor : file->tensors()) {
    const std::size_t count = *ElementCount(tensor.shape);
    checkpoint->parameter_count += count;
    const std::string name = OfficialName(tensor.name);
    if (HasNoInfluence(name)) checkpoint->unused.emplace_back(name, count);
  }
  checkpoint->weights = BindWeights(checkpoint->shape, checkpoint->parameters, checkpoint->values.data());
  checkpoint->hash = file->Sha256();
  return checkpoint;
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
