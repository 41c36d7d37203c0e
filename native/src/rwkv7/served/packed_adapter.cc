#include "rwkv7/served/packed_adapter.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace ouroboros {
namespace {

constexpr std::size_t kAlign = 64;

bool IsLoraFactor(const ParameterInfo& parameter) {
  return parameter.name.ends_with(".lora_A") || parameter.name.ends_with(".lora_B");
}

MatrixLayout LayoutOf(const ParameterInfo& parameter) {
  if (!IsLoraFactor(parameter)) return MatrixLayoutOf(parameter);
  return {parameter.shape[0], parameter.shape[1], parameter.shape[1], 1};
}

}  // namespace

PackedAdapter::PackedAdapter(const ParameterSet& set) {
  std::vector<std::size_t> places;
  std::vector<const ParameterInfo*> sources;
  std::size_t total = 0;
  for (const ParameterInfo& parameter : set.parameters) {
    if (!IsLoraFactor(parameter) && !IsServedPacked(parameter)) continue;
    const MatrixLayout layout = LayoutOf(parameter);
    PackedMatrix matrix;
    matrix.type = IsLoraFactor(parameter) ? WeightType::kF32 : WeightType::kBf16;
    matrix.outputs = layout.outputs;
    matrix.inputs = layout.inputs;
    parts_.push_back({parameter.name, matrix});
    sources.push_back(&parameter);
    places.push_back(total);
    total +=
        (PackedBytesOf(matrix.type, matrix.outputs, matrix.inputs).values + kAlign - 1) / kAlign * kAlign;
  }
  memory_ = WeightMemory(total);
  std::vector<float> scaled;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const ParameterInfo& parameter = *sources[i];
    PackedMatrix& matrix = parts_[i].matrix;
    std::byte* const values = memory_.data() + places[i];
    matrix.values = values;
    const float* numbers = set.values.data() + parameter.offset;
    if (parameter.name.ends_with(".lora_B")) {
      const float scale = set.lora_alpha / static_cast<float>(set.lora_rank);
      scaled.assign(numbers, numbers + parameter.count);
      for (float& number : scaled) number *= scale;
      numbers = scaled.data();
    }
    const MatrixLayout layout = LayoutOf(parameter);
    PackPanels(matrix, values, nullptr, {numbers, layout.output_stride, layout.input_stride}, 0,
               matrix.panels());
  }
}

void PackedAdapter::LayOver(ServedWeights& weights) const {
  for (const Part& part : parts_) PackedSlotOf(weights, part.name) = part.matrix;
}

Adapter PublishAdapter(ParameterSet set) {
  auto adapter = std::make_shared<ParameterSet>(std::move(set));
  adapter->packed = std::make_shared<const PackedAdapter>(*adapter);
  return adapter;
}

ServedWeights OverlayServed(const ServedWeights& base, const Adapter& adapter) {
  ServedWeights weights = base;
  if (adapter == nullptr) return weights;
  OURO_CHECK(adapter->packed != nullptr);
  // Vectors and embeddings by their pointers; the matrices' pointers are not used.
  Weights vectors;
  vectors.ln_out = weights.ln_out;
  for (const ServedBlock& block : weights.blocks) vectors.blocks.push_back(block.vectors);
  vectors = Overlay(vectors, *adapter);
  if (vectors.emb != nullptr) weights.emb = {reinterpret_cast<const std::byte*>(vectors.emb), DType::kF32};
  weights.ln_out = vectors.ln_out;
  for (std::size_t layer = 0; layer < weights.blocks.size(); ++layer) {
    weights.blocks[layer].vectors = vectors.blocks[layer];
  }
  adapter->packed->LayOver(weights);
  return weights;
}

}  // namespace ouroboros
