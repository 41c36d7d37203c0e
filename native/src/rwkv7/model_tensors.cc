#include "rwkv7/model_tensors.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "files/format_error.h"
#include "kernels/wkv.h"

namespace ouroboros {
namespace {

constexpr std::size_t kLayersMax = 256;

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

std::vector<std::size_t> WithoutUnits(const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> result;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(result), [](std::size_t n) { return n != 1; });
  return result;
}

bool HasNoInfluence(const std::string& name) {
  return name == "blocks.0.att.v0" || name == "blocks.0.att.v1" || name == "blocks.0.att.v2";
}

bool IsBigMatrix(std::string_view name) {
  return std::ranges::any_of(kBigMatrixNames, [&](std::string_view matrix) {
    return name.ends_with(".weight") && name.substr(0, name.size() - 7).ends_with(matrix);
  });
}

}  // namespace

std::unique_ptr<const ModelTensors> ModelTensors::Open(const std::string& path) {
  return std::unique_ptr<const ModelTensors>(new ModelTensors(path));
}

ModelTensors::ModelTensors(const std::string& path) : path_(path), file_(TensorFile::Open(path)) {
  IndexNames();
  ReadShape();
  parameters_ = ParametersOf(shape_);
  for (const ParameterInfo& parameter : parameters_) by_name_.emplace(parameter.name, &parameter);
  CheckTensors();
}

void ModelTensors::Refuse(const std::string& reason) const {
  throw EngineError(ErrorCode::kArchitecture, path_ + " is not a plain RWKV-7 (x070) model: " + reason);
}

void ModelTensors::IndexNames() {
  for (std::size_t i = 0; i < file_->tensors().size(); ++i) {
    const TensorInfo& tensor = file_->tensors()[i];
    const std::string name = OfficialName(tensor.name);
    const std::string variant = VariantOf(name);
    if (!variant.empty()) Refuse("tensor " + Quoted(name) + " belongs to " + variant);
    if (!index_.emplace(name, i).second) Refuse("tensor " + Quoted(name) + " occurs twice");
    const std::size_t count = *ElementCount(tensor.shape);
    parameter_count_ += count;
    if (HasNoInfluence(name)) unused_.emplace_back(name, count);
  }
}

std::size_t ModelTensors::IndexOf(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) Refuse("tensor `" + std::string(name) + "` is missing");
  return found->second;
}

std::size_t ModelTensors::Dimension(const std::string& name, std::size_t from_end) const {
  const TensorInfo& tensor = file_->tensors()[IndexOf(name)];
  if (tensor.shape.size() < 2) Refuse("tensor `" + name + "` has too few dimensions");
  return tensor.shape[tensor.shape.size() - 1 - from_end];
}

void ModelTensors::ReadShape() {
  shape_.vocabulary = Dimension("emb.weight", 1);
  shape_.width = Dimension("emb.weight", 0);
  for (const auto& [name, position] : index_) {
    std::size_t layer = 0;
    if (!name.starts_with("blocks.")) continue;
    const auto [end, error] = std::from_chars(name.data() + 7, name.data() + name.size(), layer);
    if (error == std::errc() && *end == '.') {
      shape_.layers = std::max(shape_.layers, std::min(layer, kLayersMax) + 1);
    }
  }
  if (shape_.layers == 0 || shape_.layers > kLayersMax) Refuse("it has no blocks, or too many");
  shape_.heads = Dimension("blocks.0.att.r_k", 1);
  const std::size_t head_size = Dimension("blocks.0.att.r_k", 0);
  if (head_size != kHeadSize || shape_.heads == 0 || shape_.width != shape_.heads * kHeadSize) {
    Refuse("its heads are not of 64 channels each");
  }
  shape_.ffn = Dimension("blocks.0.ffn.key.weight", 1);
  LoraRanks& ranks = shape_.ranks;
  ranks.w = Dimension("blocks.0.att.w1", 0);
  ranks.a = Dimension("blocks.0.att.a1", 0);
  ranks.g = Dimension("blocks.0.att.g1", 0);
  ranks.v = shape_.layers > 1 ? Dimension("blocks.1.att.v1", 0) : 0;
  if (shape_.vocabulary == 0 || shape_.ffn == 0 || ranks.w == 0 || ranks.a == 0 || ranks.g == 0 ||
      (shape_.layers > 1 && ranks.v == 0)) {
    Refuse("a tensor has no elements");
  }
}

// Every tensor is known, or one of block 0's value-residual tensors, which have no influence.
void ModelTensors::CheckTensors() {
  for (const auto& [name, position] : index_) {
    if (!HasNoInfluence(name) && !by_name_.contains(name))
      Refuse("tensor " + Quoted(name) + " is unknown to it");
  }
  for (const ParameterInfo& parameter : parameters_) {
    const TensorInfo& tensor = file_->tensors()[IndexOf(parameter.name)];
    if (WithoutUnits(tensor.shape) != WithoutUnits(parameter.shape)) {
      Refuse("tensor `" + parameter.name + "` has an unexpected shape");
    }
  }
}

const std::vector<std::size_t>& ModelTensors::ShapeOf(std::string_view name) const {
  return by_name_.at(name)->shape;
}

DType ModelTensors::TypeOf(std::string_view name) const { return file_->tensors()[IndexOf(name)].dtype; }

DType ModelTensors::MatrixType() const {
  std::map<DType, std::size_t> counts;
  for (const ParameterInfo& parameter : parameters_) {
    if (IsBigMatrix(parameter.name)) counts[TypeOf(parameter.name)] += parameter.count;
  }
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

void ModelTensors::CheckNumbers(std::string_view name, std::span<const float> values) const {
  if (std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) return;
  throw EngineError(ErrorCode::kNumbers,
                    path_ + ": tensor `" + std::string(name) + "` holds NaN or infinite values");
}

void ModelTensors::ReadF32(std::string_view name, std::span<float> out) const {
  file_->ReadF32(IndexOf(name), out);
  CheckNumbers(name, out);
}

void ModelTensors::ReadRowsF32(std::string_view name, std::size_t first_row, std::span<float> out) const {
  file_->ReadRowsF32(IndexOf(name), first_row, out);
  CheckNumbers(name, out);
}

}  // namespace ouroboros
