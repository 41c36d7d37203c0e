#include "rwkv7/parameters/parameter_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/half_floats.h"
#include "base/random.h"
#include "files/safetensors/safetensors_writer.h"
#include "files/tensor_file.h"
#include "rwkv7/parameters/time_state.h"

namespace ouroboros {
namespace {

constexpr const char* kAlphaKey = "lora_alpha";

std::size_t InputsOf(const Shape& shape, BigMatrix matrix) {
  return matrix == kFfnValue ? shape.ffn : shape.width;
}
std::size_t OutputsOf(const Shape& shape, BigMatrix matrix) {
  return matrix == kFfnKey ? shape.ffn : shape.width;
}

std::string LoraName(const LoraTarget& target, const char* factor) {
  return "blocks." + std::to_string(target.layer) + "." + kBigMatrixNames[target.matrix] + ".lora_" + factor;
}

bool IsLora(const std::string& name) { return name.ends_with(".lora_A") || name.ends_with(".lora_B"); }

std::size_t MeaningfulDimensions(const std::vector<std::size_t>& shape) {
  return static_cast<std::size_t>(
      std::count_if(shape.begin(), shape.end(), [](std::size_t n) { return n != 1; }));
}

float RoundThroughBf16(float value) { return WidenBf16(RoundToBf16(value)); }

LoraTarget TargetOf(const Shape& shape, const std::string& name) {
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    for (std::size_t matrix = 0; matrix < kBigMatrices; ++matrix) {
      const LoraTarget target{layer, static_cast<BigMatrix>(matrix)};
      if (name == LoraName(target, "A") || name == LoraName(target, "B")) return target;
    }
  }
  throw EngineError(ErrorCode::kAdapter, "the adapter's tensor `" + name + "` fits no matrix of this model");
}

std::vector<std::size_t> WithoutUnits(const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> result;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(result), [](std::size_t n) { return n != 1; });
  return result;
}

// Throws kAdapter unless a tensor of this name and shape can be laid over the model. Sets the set's rank.
void CheckFits(const Shape& shape, const std::map<std::string, std::vector<std::size_t>>& shapes,
               const ParameterInfo& tensor, ParameterSet& set) {
  const auto refuse = [&] {
    throw EngineError(ErrorCode::kAdapter,
                      "the adapter's tensor `" + tensor.name + "` does not fit this model's shape");
  };
  if (!IsLora(tensor.name)) {
    const auto known = shapes.find(tensor.name);
    if (known == shapes.end() || known->second != WithoutUnits(tensor.shape)) refuse();
    return;
  }
  const LoraTarget target = TargetOf(shape, tensor.name);
  if (tensor.shape.size() != 2) refuse();
  const bool is_a = tensor.name.back() == 'A';
  const std::size_t rank = tensor.shape[is_a ? 0 : 1], other = tensor.shape[is_a ? 1 : 0];
  if (rank == 0 || other != (is_a ? InputsOf(shape, target.matrix) : OutputsOf(shape, target.matrix)))
    refuse();
  if (set.lora_rank != 0 && set.lora_rank != rank) refuse();
  set.lora_rank = rank;
}

// Each A needs its B.
void CheckPairs(const ParameterSet& set) {
  for (const ParameterInfo& parameter : set.parameters) {
    if (!IsLora(parameter.name)) continue;
    std::string partner = parameter.name;
    partner.back() = partner.back() == 'A' ? 'B' : 'A';
    const bool found = std::any_of(set.parameters.begin(), set.parameters.end(),
                                   [&](const ParameterInfo& other) { return other.name == partner; });
    if (!found) throw EngineError(ErrorCode::kAdapter, "the adapter lacks `" + partner + "`");
  }
}

}  // namespace

void CheckAdapterFits(const Shape& shape, ParameterSet& set) {
  std::map<std::string, std::vector<std::size_t>> shapes;
  for (const ParameterInfo& parameter : ParametersOf(shape)) {
    shapes[parameter.name] = WithoutUnits(parameter.shape);
  }
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    const ParameterInfo time_state = TimeStateOf(shape, layer);
    shapes[time_state.name] = WithoutUnits(time_state.shape);
  }
  for (const ParameterInfo& parameter : set.parameters) CheckFits(shape, shapes, parameter, set);
  CheckPairs(set);
  set.shape = shape;
}

void CheckDistinct(const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      throw EngineError(ErrorCode::kArgument, "`" + name + "` is to be trained twice; name it once");
    }
  }
}

namespace {

// A float as text that reads back as the same float, whatever the locale.
std::string TextOf(float value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.precision(std::numeric_limits<float>::max_digits10);
  out << value;
  return out.str();
}

bool IsAlpha(float value) { return std::isfinite(value) && value > 0; }

// 0 where the text is no alpha.
float AlphaOf(const std::string& text) {
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  float value = 0;
  const bool is_whole = static_cast<bool>(in >> value) && in.peek() == std::istringstream::traits_type::eof();
  return is_whole && IsAlpha(value) ? value : 0;
}

}  // namespace

ParameterSet WholeTensors(const Shape& shape, const Weights& base, const std::vector<std::string>& names) {
  ParameterSet set;
  set.shape = shape;
  CheckDistinct(names);
  Weights view = base;
  const std::vector<ParameterInfo> all = ParametersOf(shape);
  for (const std::string& name : names) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const ParameterInfo& p) { return p.name == name; });
    if (found == all.end()) throw EngineError(ErrorCode::kArgument, "the model has no tensor `" + name + "`");
    set.parameters.push_back(*found);
  }
  // So that a flat buffer without its rows is one that is shorter.
  std::stable_partition(set.parameters.begin(), set.parameters.end(),
                        [](const ParameterInfo& parameter) { return parameter.name != kEmbedding; });
  AssignOffsets(set.parameters);
  set.values.Grow(ArenaSize(set.parameters));
  set.values.Zero();
  for (const ParameterInfo& parameter : set.parameters) {
    std::copy_n(*SlotOf(view, parameter.name), parameter.count, set.values.data() + parameter.offset);
  }
  return set;
}

ParameterSet FreshLora(const Shape& shape, const std::vector<LoraTarget>& targets, std::size_t rank,
                       float alpha, std::uint64_t seed) {
  if (rank == 0 || rank > kLoraRankMax) {
    throw EngineError(ErrorCode::kArgument,
                      "a LoRA's rank must be from 1 to " + std::to_string(kLoraRankMax));
  }
  if (!IsAlpha(alpha)) throw EngineError(ErrorCode::kArgument, "a LoRA's alpha must be a positive number");
  ParameterSet set;
  set.shape = shape;
  set.lora_rank = rank;
  set.lora_alpha = alpha;
  std::vector<std::string> names;
  for (const LoraTarget& target : targets) names.push_back(LoraName(target, "A"));
  CheckDistinct(names);
  for (const LoraTarget& target : targets) {
    set.parameters.push_back({LoraName(target, "A"), {rank, InputsOf(shape, target.matrix)}, 0, 0});
    set.parameters.push_back({LoraName(target, "B"), {OutputsOf(shape, target.matrix), rank}, 0, 0});
  }
  AssignOffsets(set.parameters);
  set.values.Grow(ArenaSize(set.parameters));
  set.values.Zero();
  Random random(seed);
  for (const ParameterInfo& parameter : set.parameters) {
    if (parameter.name.back() != 'A') continue;
    const double deviation = 1.0 / std::sqrt(static_cast<double>(parameter.shape[1]));
    float* values = set.values.data() + parameter.offset;
    for (std::size_t i = 0; i < parameter.count; ++i)
      values[i] = static_cast<float>(deviation * random.Normal());
  }
  return set;
}

Weights Overlay(const Weights& base, const ParameterSet& set) {
  Weights view = base;
  for (const ParameterInfo& parameter : set.parameters) {
    const float** slot = SlotOf(view, parameter.name);
    OURO_CHECK(slot != nullptr);
    *slot = set.values.data() + parameter.offset;
  }
  for (BlockView<const float>& block : view.blocks) {
    for (LinearView<const float>& linear : block.linear) {
      if (linear.lora_a == nullptr) continue;
      linear.rank = set.lora_rank;
      linear.scale = set.lora_alpha / static_cast<float>(set.lora_rank);
    }
  }
  return view;
}

Gradients BindGradients(const Shape& shape, const ParameterSet& set, float* arena) {
  Gradients gradients;
  gradients.blocks.resize(shape.layers);
  for (const ParameterInfo& parameter : set.parameters) {
    float** slot = SlotOf(gradients, parameter.name);
    OURO_CHECK(slot != nullptr);
    *slot = arena + parameter.offset;
  }
  return gradients;
}

bool IsStoredInBf16(const ParameterInfo& parameter) {
  return !IsLora(parameter.name) && !IsTimeState(parameter.name) &&
         MeaningfulDimensions(parameter.shape) >= 2;
}

void RoundAsStored(ParameterSet& set) {
  for (const ParameterInfo& parameter : set.parameters) {
    if (!IsStoredInBf16(parameter)) continue;
    float* values = set.values.data() + parameter.offset;
    std::transform(values, values + parameter.count, values, RoundThroughBf16);
  }
}

std::map<std::string, std::string> MetadataOf(const ParameterSet& set) {
  if (set.lora_rank == 0) return {};
  return {{kAlphaKey, TextOf(set.lora_alpha)}};
}

void SaveParameterSet(const ParameterSet& set, const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& metadata) {
  std::vector<TensorToWrite> tensors;
  for (const ParameterInfo& parameter : set.parameters) {
    tensors.push_back({parameter.name, IsStoredInBf16(parameter) ? DType::kBf16 : DType::kF32,
                       parameter.shape,
                       std::span<const float>(set.values.data() + parameter.offset, parameter.count)});
  }
  std::map<std::string, std::string> header = MetadataOf(set);
  header.insert(metadata.begin(), metadata.end());
  WriteSafetensors(path, tensors, header);
}

ParameterSet LoadParameterSet(const Shape& shape, const std::string& path) {
  const std::unique_ptr<TensorFile> file = TensorFile::Open(path);
  ParameterSet set;
  for (const TensorInfo& tensor : file->tensors())
    set.parameters.push_back({tensor.name, tensor.shape, 0, 0});
  if (set.parameters.empty()) throw EngineError(ErrorCode::kAdapter, path + " holds no tensors");
  CheckAdapterFits(shape, set);
  if (set.lora_rank > 0) {
    const auto alpha = file->metadata().find(kAlphaKey);
    set.lora_alpha = alpha == file->metadata().end() ? 0 : AlphaOf(alpha->second);
    if (set.lora_alpha == 0) {
      throw EngineError(ErrorCode::kAdapter, path + " does not say its LoRA alpha as a positive number");
    }
  }
  AssignOffsets(set.parameters);
  set.values.Grow(ArenaSize(set.parameters));
  set.values.Zero();
  for (std::size_t i = 0; i < set.parameters.size(); ++i) {
    const ParameterInfo& parameter = set.parameters[i];
    const std::span<float> values(set.values.data() + parameter.offset, parameter.count);
    file->ReadF32(i, values);
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
      throw EngineError(ErrorCode::kNumbers,
                        path + ": tensor `" + parameter.name + "` holds NaN or infinite values");
    }
  }
  return set;
}

}  // namespace ouroboros
