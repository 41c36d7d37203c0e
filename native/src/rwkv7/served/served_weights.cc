#include "rwkv7/served/served_weights.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/error.h"

namespace ouroboros {
namespace {

// "att.w1" and the like: the letter, then 1 for the way down and 2 for the way up.
bool IsFactor(std::string_view name) {
  return name.size() == 6 && name.starts_with("att.") &&
         std::string_view("wavg").find(name[4]) != std::string_view::npos &&
         (name[5] == '1' || name[5] == '2');
}

bool IsBigMatrix(std::string_view name) {
  return std::any_of(kBigMatrixNames.begin(), kBigMatrixNames.end(), [&](std::string_view matrix) {
    return name.starts_with(matrix) && name.substr(matrix.size()) == ".weight";
  });
}

// The part of "blocks.3.att.w1" after its layer; empty for a tensor that belongs to no block.
std::string_view NameInBlock(std::string_view name, std::size_t* layer) {
  constexpr std::string_view kPrefix = "blocks.";
  if (!name.starts_with(kPrefix)) return {};
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kPrefix.size(), end, *layer);
  OURO_CHECK(error == std::errc() && rest != end);
  return name.substr(static_cast<std::size_t>(rest + 1 - name.data()));
}

}  // namespace

void Embedding::Row(std::size_t token, std::size_t width, float* out) const {
  const std::size_t bytes = DTypeBytes(type, width);
  WidenToF32(type, {rows + token * bytes, bytes}, {out, width});
}

bool IsServedPacked(const ParameterInfo& parameter) {
  std::size_t layer = 0;
  const std::string_view name = NameInBlock(parameter.name, &layer);
  return parameter.name == "head.weight" || IsFactor(name) || IsBigMatrix(name);
}

MatrixLayout MatrixLayoutOf(const ParameterInfo& parameter) {
  OURO_CHECK(parameter.shape.size() == 2);
  const std::size_t rows = parameter.shape[0], columns = parameter.shape[1];
  std::size_t layer = 0;
  // Official factors stand the other way round: x @ w1 @ w2.
  if (IsFactor(NameInBlock(parameter.name, &layer))) return {columns, rows, 1, columns};
  return {rows, columns, columns, 1};
}

PackedMatrix& PackedSlotOf(ServedWeights& weights, const std::string& name) {
  if (name == "head.weight") return weights.head;
  std::size_t layer = 0;
  const std::string_view part = NameInBlock(name, &layer);
  OURO_CHECK(!part.empty() && layer < weights.blocks.size());
  ServedBlock& block = weights.blocks[layer];
  if (IsFactor(part)) {
    ServedFactors* const all[] = {&block.w, &block.a, &block.v, &block.g};
    ServedFactors& factors = *all[std::string_view("wavg").find(part[4])];
    return part[5] == '1' ? factors.down : factors.up;
  }
  for (std::size_t i = 0; i < kBigMatrices; ++i) {
    const std::string_view matrix = kBigMatrixNames[i];
    if (!part.starts_with(matrix)) continue;
    const std::string_view kind = part.substr(matrix.size());
    if (kind == ".weight") return block.linear[i].weight;
    if (kind == ".lora_A") return block.linear[i].lora_a;
    if (kind == ".lora_B") return block.linear[i].lora_b;
  }
  OURO_CHECK(false);
  return weights.head;
}

}  // namespace ouroboros
