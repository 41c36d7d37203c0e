#include "rwkv7/parameters/model_tensors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/error.h"
#include "files/format_error.h"
#include "files/model_files.h"
#include "kernels/wkv.h"

namespace ouroboros {
namespace {

constexpr std::size_t kLayersMax = 256;

// Wrappers that training tools leave around official names.
std::string WithoutWrapper(const std::string& name) {
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

// Block 0 has nothing that its value could be mixed with.
constexpr std::array<const char*, 3> kWithoutInfluence = {"blocks.0.att.v0", "blocks.0.att.v1",
                                                          "blocks.0.att.v2"};

// The shape that a file should show: that of the official tensor, or of all that lie with it.
std::vector<std::size_t> StoredShape(const StoredName& stored, const ParameterInfo& parameter) {
  std::vector<std::size_t> shape = WithoutUnits(parameter.shape);
  if (stored.is_transposed && shape.size() == 2) std::swap(shape[0], shape[1]);
  if (stored.is_slice) shape.insert(shape.begin(), kMixVectors);
  return shape;
}

bool IsBigMatrix(std::string_view name) {
  return std::ranges::any_of(kBigMatrixNames, [&](std::string_view matrix) {
    return name.ends_with(".weight") && name.substr(0, name.size() - 7).ends_with(matrix);
  });
}

// What is read by rows; the others are small.
bool HasRows(std::string_view name) {
  return name == "emb.weight" || name == "head.weight" || IsBigMatrix(name);
}

}  // namespace

std::unique_ptr<ModelTensors> ModelTensors::Open(const std::string& path) {
  return std::unique_ptr<ModelTensors>(new ModelTensors(path));
}

ModelTensors::ModelTensors(const std::string& path) : path_(path), files_(OpenModelFiles(path)) {
  IndexNames();
  ReadShape();
  parameters_ = ParametersOf(shape_);
  CheckTensors();
}

void ModelTensors::Refuse(const std::string& reason) const {
  throw EngineError(ErrorCode::kArchitecture, path_ + " is not a plain RWKV-7 (x070) model: " + reason);
}

const TensorInfo& ModelTensors::InfoOf(const Source& source) const {
  return files_[source.file]->tensors()[source.tensor];
}

void ModelTensors::IndexNames() {
  if (files_.front()->format() == FileFormat::kGguf) {
    naming_ = Naming::kGguf;
    const auto architecture = metadata().find("general.architecture");
    if (architecture == metadata().end()) Refuse("it does not say its architecture");
    if (architecture->second != "rwkv7") Refuse("its architecture is " + Quoted(architecture->second));
  }
  for (std::size_t file = 0; file < files_.size(); ++file) {
    const std::vector<TensorInfo>& tensors = files_[file]->tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const std::string name = WithoutWrapper(tensors[i].name);
      const std::string variant = VariantOf(name);
      if (!variant.empty()) Refuse("tensor " + Quoted(name) + " belongs to " + variant);
      if (!index_.emplace(name, Source{file, i}).second) Refuse("tensor " + Quoted(name) + " occurs twice");
      parameter_count_ += *ElementCount(tensors[i].shape);
    }
  }
  if (index_.contains("model.embeddings.weight") && !index_.contains("emb.weight")) naming_ = Naming::kFla;
}

ModelTensors::Place ModelTensors::Find(std::string_view name) const {
  const std::vector<StoredName> names = StoredNamesOf(naming_, name);
  for (const StoredName& stored : names) {
    if (const auto found = index_.find(stored.name); found != index_.end()) return {found->second, stored};
  }
  Refuse("tensor `" + names.front().name + "` is missing");
}

// A dimension of the official shape of a matrix, counted from its last.
std::size_t ModelTensors::Dimension(const std::string& name, std::size_t from_end) const {
  const Place place = Find(name);
  const std::vector<std::size_t>& shape = InfoOf(place.source).shape;
  if (shape.size() < 2) Refuse("tensor `" + place.stored.name + "` has too few dimensions");
  return shape[shape.size() - 1 - (place.stored.is_transposed ? 1 - from_end : from_end)];
}

std::size_t ModelTensors::CountLayers() const {
  std::size_t layers = 0;
  const std::string_view prefix = BlockPrefix(naming_);
  for (const auto& [name, source] : index_) {
    std::size_t layer = 0;
    if (!name.starts_with(prefix)) continue;
    const char* end_of_name = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), end_of_name, layer);
    if (error == std::errc() && end != end_of_name && *end == '.') {
      layers = std::max(layers, std::min(layer, kLayersMax) + 1);
    }
  }
  return layers;
}

void ModelTensors::ReadShape() {
  shape_.vocabulary = Dimension("emb.weight", 1);
  shape_.width = Dimension("emb.weight", 0);
  shape_.layers = CountLayers();
  if (shape_.layers == 0 || shape_.layers > kLayersMax) Refuse("it has no blocks, or too many");
  if (naming_ == Naming::kGguf) {  // r_k is flat, and the size of a head stands beside it
    const auto head_size = metadata().find("rwkv7.wkv.head_size");
    if (head_size != metadata().end() && head_size->second != std::to_string(kHeadSize)) {
      Refuse("its heads are not of 64 channels each");
    }
    shape_.heads = shape_.width / kHeadSize;
  } else {
    shape_.heads = Dimension("blocks.0.att.r_k", 1);
    if (Dimension("blocks.0.att.r_k", 0) != kHeadSize) Refuse("its heads are not of 64 channels each");
  }
  if (shape_.heads == 0 || shape_.width != shape_.heads * kHeadSize) {
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

// Every tensor is where it should be, and nothing else is there but block 0's value residual.
void ModelTensors::CheckTensors() {
  std::set<std::string_view> known;
  for (const ParameterInfo& parameter : parameters_) {
    const Place place = Find(parameter.name);
    const TensorInfo& tensor = InfoOf(place.source);
    const std::vector<std::size_t> shape = WithoutUnits(tensor.shape);
    const bool is_flat = naming_ == Naming::kGguf && parameter.name.ends_with(".r_k") &&
                         shape == std::vector<std::size_t>{parameter.count};
    const bool fits = HasRows(parameter.name) ? tensor.shape == parameter.shape
                      : place.stored.is_slice ? !tensor.shape.empty() && tensor.shape[0] == kMixVectors
                                              : true;
    if (!fits || (!is_flat && shape != StoredShape(place.stored, parameter))) {
      Refuse("tensor `" + place.stored.name + "` has an unexpected shape");
    }
    known.insert(index_.find(place.stored.name)->first);
    entries_.emplace(parameter.name, Entry{&parameter, place});
  }
  for (const char* name : kWithoutInfluence) {
    const auto found = index_.find(StoredNamesOf(naming_, name).front().name);
    if (found == index_.end()) continue;
    known.insert(found->first);
    unused_.emplace_back(name, *ElementCount(InfoOf(found->second).shape));
  }
  for (const auto& [name, source] : index_) {
    if (!known.contains(name)) Refuse("tensor " + Quoted(name) + " is unknown to it");
  }
}

const std::vector<std::size_t>& ModelTensors::ShapeOf(std::string_view name) const {
  return entries_.at(name).parameter->shape;
}

DType ModelTensors::TypeOf(std::string_view name) const {
  return InfoOf(entries_.at(name).place.source).dtype;
}

DType ModelTensors::MatrixType() const {
  std::map<DType, std::size_t> counts;
  for (const ParameterInfo& parameter : parameters_) {
    if (IsBigMatrix(parameter.name)) counts[TypeOf(parameter.name)] += parameter.count;
  }
  return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
}

void ModelTensors::RefuseNumbers(std::string_view name) const {
  throw EngineError(ErrorCode::kNumbers,
                    path_ + ": tensor `" + entries_.at(name).place.stored.name +
                        "` holds NaN, infinite values, or some too large to compute with");
}

void ModelTensors::ReadTransposed(const Place& place, const ParameterInfo& parameter,
                                  std::span<float> out) const {
  const std::size_t rows = parameter.shape[0], columns = parameter.shape[1];
  std::vector<float> stored(out.size());
  files_[place.source.file]->ReadF32(place.source.tensor, stored);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      out[row * columns + column] = stored[column * rows + row];
    }
  }
}

void ModelTensors::ReadF32(std::string_view name, std::span<float> out) const {
  const auto& [parameter, place] = entries_.at(name);
  OURO_CHECK(out.size() == parameter->count);
  const TensorFile& file = *files_[place.source.file];
  if (place.stored.is_transposed) {
    ReadTransposed(place, *parameter, out);
  } else if (place.stored.is_slice) {
    file.ReadRowsF32(place.source.tensor, place.stored.slice, out);
  } else {
    file.ReadF32(place.source.tensor, out);
  }
  if (!AllInRange(out)) RefuseNumbers(name);
}

void ModelTensors::ReadRowsF32(std::string_view name, std::size_t first_row, std::span<float> out) const {
  const Place& place = entries_.at(name).place;
  OURO_CHECK(!place.stored.is_transposed && !place.stored.is_slice);
  files_[place.source.file]->ReadRowsF32(place.source.tensor, first_row, out);
  if (!AllInRange(out)) RefuseNumbers(name);
}

void ModelTensors::ReadRowBytes(std::string_view name, std::size_t first_row,
                                std::span<std::byte> out) const {
  const Place& place = entries_.at(name).place;
  OURO_CHECK(!place.stored.is_transposed && !place.stored.is_slice);
  files_[place.source.file]->ReadRowBytes(place.source.tensor, first_row, out);
  if (!AllInRange(TypeOf(name), out)) RefuseNumbers(name);
}

bool ModelTensors::HasRowsInOrder(std::string_view name) const {
  const Source& source = entries_.at(name).place.source;
  return files_[source.file]->IsRowMajor(source.tensor);
}

std::string ModelTensors::Sha256() const { return HashOf(files_); }

void ModelTensors::Verify(std::string_view sha256) {
  if (std::ranges::all_of(files_, [](const auto& file) { return file->bytes().IsUntouched(); })) return;
  std::vector<std::unique_ptr<const ByteSource>> now;
  for (const std::unique_ptr<TensorFile>& file : files_) now.push_back(file->bytes().Again());
  const bool is_same =
      std::ranges::none_of(now, [](const auto& bytes) { return bytes == nullptr; }) && HashOf(now) == sha256;
  if (!is_same)
    throw EngineError(ErrorCode::kChanged, path_ + ": the model's file has changed; choose it again");
  for (std::size_t i = 0; i < files_.size(); ++i) files_[i]->ReadFrom(std::move(now[i]));
}

}  // namespace ouroboros
