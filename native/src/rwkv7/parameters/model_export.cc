#include "rwkv7/parameters/model_export.h"

#include <algorithm>

#include "base/error.h"
#include "files/gguf/gguf_writer.h"
#include "files/safetensors/safetensors_writer.h"
#include "kernels/wkv.h"

namespace ouroboros {
namespace {

bool IsBlockType(DType dtype) { return BlockElements(dtype) > 1; }

bool IsMatrix(const ParameterInfo& parameter) {
  return std::ranges::count_if(parameter.shape, [](std::size_t size) { return size != 1; }) >= 2;
}

// The matrices that llama.cpp quantises: emb, head and the six big ones of a layer.
bool IsMultiplied(const ParameterInfo& parameter) {
  return parameter.shape.size() == 2 && parameter.name.ends_with(".weight");
}

DType SafetensorsType(const ModelTensors& tensors, const ModelExport& wanted,
                      const ParameterInfo& parameter) {
  const DType own = tensors.TypeOf(parameter.name);
  const DType kept = IsBlockType(own) || own == DType::kF64 ? DType::kF32 : own;
  return IsMatrix(parameter) ? wanted.matrix_type.value_or(kept) : kept;
}

DType GgufTypeOf(const ModelTensors& tensors, const ModelExport& wanted, const ParameterInfo& parameter) {
  if (!IsMultiplied(parameter)) return DType::kF32;
  const DType own = tensors.TypeOf(parameter.name);
  const DType kept = own == DType::kF64 || own == DType::kQ6_K ? DType::kF32 : own;
  const DType type = wanted.matrix_type.value_or(kept);
  return parameter.shape.back() % BlockElements(type) == 0 ? type : DType::kF32;
}

// As the programs of that Naming expect it.
std::vector<std::size_t> ShapeIn(Naming naming, const StoredName& stored, const ParameterInfo& parameter) {
  const std::vector<std::size_t>& shape = parameter.shape;
  if (stored.is_transposed) return {shape[1], shape[0]};
  const bool is_mix_vector = parameter.name.find(".att.x_") != std::string::npos;  // [1,1,D] in fla
  const bool is_flat = (naming == Naming::kGguf && !IsMultiplied(parameter)) ||
                       (naming == Naming::kFla && shape.size() == 3 && !is_mix_vector);
  return is_flat ? std::vector<std::size_t>{parameter.count} : shape;
}

// A tensor as another Naming has it; its values come from `tensors` when they are written.
TensorToWrite Renamed(const ModelTensors& tensors, Naming naming, const ParameterInfo& parameter) {
  const StoredName stored = StoredNamesOf(naming, parameter.name).front();
  TensorToWrite tensor{stored.name, DType::kF32, ShapeIn(naming, stored, parameter)};
  if (!stored.is_transposed) {
    tensor.read = [&tensors, &parameter](std::span<float> out) { tensors.ReadF32(parameter.name, out); };
    return tensor;
  }
  tensor.read = [&tensors, &parameter](std::span<float> out) {
    std::vector<float> values(out.size());
    tensors.ReadF32(parameter.name, values);
    const std::size_t rows = parameter.shape[0], columns = parameter.shape[1];
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        out[column * rows + row] = values[row * columns + column];
      }
    }
  };
  return tensor;
}

std::vector<TensorToWrite> SafetensorsTensors(const ModelTensors& tensors, const ModelExport& wanted) {
  const Naming naming = wanted.format == ModelFormat::kFla ? Naming::kFla : Naming::kOfficial;
  std::vector<TensorToWrite> list;
  for (const ParameterInfo& parameter : tensors.parameters()) {
    list.push_back(Renamed(tensors, naming, parameter));
    list.back().dtype = SafetensorsType(tensors, wanted, parameter);
  }
  return list;
}

TensorToWrite FusedMix(const ModelTensors& tensors, std::size_t layer) {
  const std::string block = "blocks." + std::to_string(layer) + ".att.x_";
  TensorToWrite fused{StoredNamesOf(Naming::kGguf, block + "r").front().name,
                      DType::kF32,
                      {kMixVectors, 1, 1, tensors.shape().width}};
  fused.read = [&tensors, block](std::span<float> out) {
    const std::size_t width = tensors.shape().width;
    for (const char letter : std::string_view("rwkvag")) {
      const std::string name = block + letter;
      tensors.ReadF32(name, out.subspan(StoredNamesOf(Naming::kGguf, name).front().slice * width, width));
    }
  };
  return fused;
}

std::vector<TensorToWrite> GgufTensors(const ModelTensors& tensors, const ModelExport& wanted) {
  std::vector<TensorToWrite> list;
  for (const ParameterInfo& parameter : tensors.parameters()) {
    const StoredName stored = StoredNamesOf(Naming::kGguf, parameter.name).front();
    if (stored.is_slice) {
      if (stored.slice != 0) continue;
      const std::size_t begin = std::string_view("blocks.").size();
      list.push_back(FusedMix(tensors, std::stoul(parameter.name.substr(begin))));
      continue;
    }
    list.push_back(Renamed(tensors, Naming::kGguf, parameter));
    list.back().dtype = GgufTypeOf(tensors, wanted, parameter);
    if (parameter.name.starts_with("blocks.0.att.a") && parameter.name.size() == 15) {
      // llama.cpp wants a value residual in block 0 too, of the size of a's factors.
      TensorToWrite dummy = list.back();
      dummy.name.replace(dummy.name.find("_a"), 2, "_v");
      list.push_back(std::move(dummy));
    }
  }
  return list;
}

std::uint32_t GgufFileType(DType matrices) {
  switch (matrices) {
    case DType::kF16:
      return 1;
    case DType::kQ4_0:
      return 2;
    case DType::kQ8_0:
      return 7;
    case DType::kBf16:
      return 32;
    default:
      return 0;
  }
}

GgufMetadata MetadataOfGguf(const ModelTensors& tensors, const ModelExport& wanted) {
  const Shape& shape = tensors.shape();
  const auto number = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
  // With one layer there is no value residual, and the rank of its dummy is a's.
  const std::size_t value_rank = shape.layers > 1 ? shape.ranks.v : shape.ranks.a;
  const DType matrices =
      GgufTypeOf(tensors, wanted,
                 *std::ranges::find(tensors.parameters(), "blocks.0.att.key.weight", &ParameterInfo::name));
  GgufMetadata metadata = {
      {"general.architecture", std::string("rwkv7")},
      {"general.name", wanted.name},
      {"general.file_type", GgufFileType(matrices)},
      {"general.quantization_version", std::uint32_t{2}},
      {"rwkv7.context_length", std::uint32_t{1'048'576}},  // there is no limit; what llama.cpp's files say
      {"rwkv7.embedding_length", number(shape.width)},
      {"rwkv7.block_count", number(shape.layers)},
      {"rwkv7.feed_forward_length", number(shape.ffn)},
      {"rwkv7.attention.head_count", std::uint32_t{0}},  // asked for, not used
      {"rwkv7.attention.layer_norm_epsilon", 1e-5f},
      {"rwkv7.wkv.head_size", number(kHeadSize)},
      {"rwkv7.attention.decay_lora_rank", number(shape.ranks.w)},
      {"rwkv7.attention.iclr_lora_rank", number(shape.ranks.a)},
      {"rwkv7.attention.value_residual_mix_lora_rank", number(value_rank)},
      {"rwkv7.attention.gate_lora_rank", number(shape.ranks.g)},
  };
  if (wanted.token_texts.empty()) {
    metadata.emplace_back("tokenizer.ggml.model", std::string("none"));
    metadata.emplace_back("rwkv7.vocab_size", number(shape.vocabulary));
    return metadata;
  }
  metadata.emplace_back("tokenizer.ggml.model", std::string("rwkv"));
  metadata.emplace_back("tokenizer.ggml.tokens", wanted.token_texts);
  metadata.emplace_back("tokenizer.ggml.token_type", wanted.token_types);
  metadata.emplace_back("tokenizer.ggml.bos_token_id", std::uint32_t{0});
  metadata.emplace_back("tokenizer.ggml.eos_token_id", std::uint32_t{0});
  return metadata;
}

// How a read that was told to stop leaves the writer.
struct Stopped {};

}  // namespace

bool ExportModel(const ModelTensors& tensors, const ModelExport& wanted, const std::string& path,
                 FunctionRef<bool(std::size_t done, std::size_t total)> go_on) {
  const bool is_gguf = wanted.format == ModelFormat::kGguf;
  if (!is_gguf && wanted.matrix_type && IsBlockType(*wanted.matrix_type)) {
    throw EngineError(ErrorCode::kArgument,
                      std::string(DTypeName(*wanted.matrix_type)) + " exists in GGUF files only");
  }
  std::vector<TensorToWrite> list =
      is_gguf ? GgufTensors(tensors, wanted) : SafetensorsTensors(tensors, wanted);
  std::size_t done = 0;
  for (TensorToWrite& tensor : list) {
    tensor.read = [&, read = std::move(tensor.read)](std::span<float> out) {
      if (!go_on(done, list.size())) throw Stopped{};
      read(out);
      ++done;
    };
  }
  try {
    if (is_gguf) {
      WriteGguf(path, list, MetadataOfGguf(tensors, wanted));
    } else {
      WriteSafetensors(path, list, {{"architecture", "rwkv7-x070"}, {"format", "pt"}});
    }
  } catch (const Stopped&) {
    return false;
  }
  return true;
}

}  // namespace ouroboros
