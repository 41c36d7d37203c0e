#include "rwkv7/parameters/time_state.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/wkv.h"

namespace ouroboros {
namespace {

constexpr const char* kSuffix = ".att.time_state";

std::string NameOf(std::size_t layer) { return "blocks." + std::to_string(layer) + kSuffix; }

}  // namespace

ParameterInfo TimeStateOf(const Shape& shape, std::size_t layer) {
  return {NameOf(layer), {shape.heads, kHeadSize, kHeadSize}, 0, 0};
}

bool IsTimeState(const std::string& name) { return name.ends_with(kSuffix); }

ParameterSet FreshTimeStates(const Shape& shape, const std::vector<std::size_t>& layers) {
  ParameterSet set;
  set.shape = shape;
  std::vector<std::string> names;
  for (const std::size_t layer : layers) {
    set.parameters.push_back(TimeStateOf(shape, layer));
    names.push_back(set.parameters.back().name);
  }
  if (names.empty()) throw EngineError(ErrorCode::kArgument, "state tuning needs at least one layer");
  CheckDistinct(names);
  AssignOffsets(set.parameters);
  set.values.Grow(ArenaSize(set.parameters));
  set.values.Zero();
  return set;
}

bool HasTimeStates(const ParameterSet& set) {
  return std::any_of(set.parameters.begin(), set.parameters.end(),
                     [](const ParameterInfo& parameter) { return IsTimeState(parameter.name); });
}

State StartOf(const ParameterSet& set, const State& state) {
  State start = state.Copy();
  for (std::size_t layer = 0; layer < set.shape.layers; ++layer) {
    const std::string name = NameOf(layer);
    for (const ParameterInfo& parameter : set.parameters) {
      if (parameter.name != name) continue;
      float* wkv = start.wkv.data() + layer * parameter.count;
      for (std::size_t i = 0; i < parameter.count; ++i) wkv[i] += set.values.data()[parameter.offset + i];
    }
  }
  return start;
}

}  // namespace ouroboros
