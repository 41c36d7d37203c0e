#include "rwkv7/parameters/weights.h"

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace ouroboros {
namespace {

constexpr std::size_t kAlignFloats = 16;
constexpr std::array<const char*, 6> kMixNames = {"x_r", "x_w", "x_k", "x_v", "x_a", "x_g"};

void AppendBlock(std::size_t layer, const Shape& s, std::vector<ParameterInfo>& list) {
  const std::string block = "blocks." + std::to_string(layer) + ".";
  const auto add = [&](const std::string& name, std::vector<std::size_t> shape) {
    list.push_back({block + name, std::move(shape), 0, 0});
  };
  const auto norm = [&](const char* name) {
    add(std::string(name) + ".weight", {s.width});
    add(std::string(name) + ".bias", {s.width});
  };
  const auto factors = [&](char letter, std::size_t rank, bool has_base) {
    const std::string name = std::string("att.") + letter;
    if (has_base) add(name + "0", {1, 1, s.width});
    add(name + "1", {s.width, rank});
    add(name + "2", {rank, s.width});
  };
  if (layer == 0) norm("ln0");
  norm("ln1");
  norm("ln2");
  for (const char* mix : kMixNames) add(std::string("att.") + mix, {1, 1, s.width});
  factors('w', s.ranks.w, true);
  factors('a', s.ranks.a, true);
  if (layer > 0) factors('v', s.ranks.v, true);
  factors('g', s.ranks.g, false);
  add("att.k_k", {1, 1, s.width});
  add("att.k_a", {1, 1, s.width});
  add("att.r_k", {s.heads, s.width / s.heads});
  for (const char* matrix : {"receptance", "key", "value", "output"}) {
    add(std::string("att.") + matrix + ".weight", {s.width, s.width});
  }
  norm("att.ln_x");
  add("ffn.x_k", {1, 1, s.width});
  add("ffn.key.weight", {s.ffn, s.width});
  add("ffn.value.weight", {s.width, s.ffn});
}

template <typename T>
T** NormSlot(NormView<T>& norm, std::string_view part) {
  if (part == "weight") return &norm.weight;
  if (part == "bias") return &norm.bias;
  return nullptr;
}

template <typename T>
T** FactorSlot(BlockView<T>& block, std::string_view name) {
  struct Entry {
    char letter;
    FactorView<T>* factors;
    T** base;
  };
  const Entry entries[] = {{'w', &block.w, &block.w0},
                           {'a', &block.a, &block.a0},
                           {'v', &block.v, &block.v0},
                           {'g', &block.g, nullptr}};
  for (const Entry& entry : entries) {
    if (name.size() != 2 || name[0] != entry.letter) continue;
    if (name[1] == '0') return entry.base;
    if (name[1] == '1') return &entry.factors->down;
    if (name[1] == '2') return &entry.factors->up;
  }
  return nullptr;
}

template <typename T>
T** AttentionSlot(BlockView<T>& block, std::string_view name) {
  for (std::size_t i = 0; i < kMixNames.size(); ++i) {
    if (name == kMixNames[i]) return &block.mix[i];
  }
  if (name == "k_k") return &block.k_k;
  if (name == "k_a") return &block.k_a;
  if (name == "r_k") return &block.r_k;
  if (name == "time_state") return &block.time_state;
  if (name.starts_with("ln_x.")) return NormSlot(block.ln_x, name.substr(5));
  return FactorSlot(block, name);
}

template <typename T>
T** LinearSlot(BlockView<T>& block, std::string_view name) {
  for (std::size_t i = 0; i < kBigMatrices; ++i) {
    const std::string_view matrix = kBigMatrixNames[i];
    if (!name.starts_with(matrix)) continue;
    const std::string_view part = name.substr(matrix.size());
    if (part == ".weight") return &block.linear[i].weight;
    if (part == ".lora_A") return &block.linear[i].lora_a;
    if (part == ".lora_B") return &block.linear[i].lora_b;
  }
  return nullptr;
}

template <typename T>
T** BlockSlot(BlockView<T>& block, std::string_view name) {
  if (T** slot = LinearSlot(block, name)) return slot;
  if (name == "ffn.x_k") return &block.ffn_mix;
  if (name.starts_with("ln0.")) return NormSlot(block.ln0, name.substr(4));
  if (name.starts_with("ln1.")) return NormSlot(block.ln1, name.substr(4));
  if (name.starts_with("ln2.")) return NormSlot(block.ln2, name.substr(4));
  if (name.starts_with("att.")) return AttentionSlot(block, name.substr(4));
  return nullptr;
}

}  // namespace

void AssignOffsets(std::vector<ParameterInfo>& parameters) {
  std::size_t offset = 0;
  for (ParameterInfo& parameter : parameters) {
    parameter.count = 1;
    for (const std::size_t dimension : parameter.shape) parameter.count *= dimension;
    parameter.offset = offset;
    offset += (parameter.count + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
  }
}

std::vector<ParameterInfo> ParametersOf(const Shape& shape) {
  std::vector<ParameterInfo> list;
  list.push_back({"emb.weight", {shape.vocabulary, shape.width}, 0, 0});
  for (std::size_t layer = 0; layer < shape.layers; ++layer) AppendBlock(layer, shape, list);
  list.push_back({"ln_out.weight", {shape.width}, 0, 0});
  list.push_back({"ln_out.bias", {shape.width}, 0, 0});
  list.push_back({"head.weight", {shape.vocabulary, shape.width}, 0, 0});
  AssignOffsets(list);
  return list;
}

std::size_t ArenaSize(const std::vector<ParameterInfo>& parameters) {
  const ParameterInfo& last = parameters.back();
  return last.offset + (last.count + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
}

template <typename T>
T** SlotOf(ModelView<T>& view, const std::string& name) {
  if (name == "emb.weight") return &view.emb;
  if (name == "head.weight") return &view.head;
  if (name == "ln_out.weight") return &view.ln_out.weight;
  if (name == "ln_out.bias") return &view.ln_out.bias;
  constexpr std::string_view kPrefix = "blocks.";
  if (!name.starts_with(kPrefix)) return nullptr;
  std::size_t layer = 0;
  const char* begin = name.data() + kPrefix.size();
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), layer);
  if (error != std::errc() || end == name.data() + name.size() || *end != '.' ||
      layer >= view.blocks.size()) {
    return nullptr;
  }
  return BlockSlot(view.blocks[layer],
                   std::string_view(name).substr(static_cast<std::size_t>(end + 1 - name.data())));
}

template const float** SlotOf(ModelView<const float>& view, const std::string& name);
template float** SlotOf(ModelView<float>& view, const std::string& name);

Weights BindWeights(const Shape& shape, const std::vector<ParameterInfo>& parameters, const float* arena) {
  Weights weights;
  weights.blocks.resize(shape.layers);
  for (const ParameterInfo& parameter : parameters) {
    const float** slot = SlotOf(weights, parameter.name);
    OURO_CHECK(slot != nullptr);
    *slot = arena + parameter.offset;
  }
  return weights;
}

}  // namespace ouroboros
