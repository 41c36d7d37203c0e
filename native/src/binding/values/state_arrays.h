// States and LoRA tensors as JavaScript sees them in the inspect binding.
#pragma once

#include <napi.h>

#include "binding/values/convert.h"
#include "rwkv7/parameters/parameter_set.h"
#include "rwkv7/state.h"

namespace ouroboros::binding {

inline void CopyInto(Buffer& buffer, const std::vector<float>& values, const char* name) {
  if (values.size() != buffer.size()) {
    throw EngineError(ErrorCode::kState,
                      std::string("state part `") + name + "` has the wrong size for this model");
  }
  std::copy(values.begin(), values.end(), buffer.data());
}

// The State in options.state, or the zero State.
inline State StateOf(const Napi::Object& options, const Shape& shape) {
  State state = State::Zero(shape);
  if (!Has(options, "state")) return state;
  const Napi::Object arrays = ObjectOf(options, "state");
  CopyInto(state.att_shift, FloatsOf(arrays, "attShift"), "attShift");
  CopyInto(state.ffn_shift, FloatsOf(arrays, "ffnShift"), "ffnShift");
  CopyInto(state.wkv, FloatsOf(arrays, "wkv"), "wkv");
  return state;
}

inline Napi::Object StateToJs(Napi::Env env, const State& state) {
  Napi::Object arrays = Napi::Object::New(env);
  arrays.Set("attShift", ToJs(env, state.att_shift.span()));
  arrays.Set("ffnShift", ToJs(env, state.ffn_shift.span()));
  arrays.Set("wkv", ToJs(env, state.wkv.span()));
  return arrays;
}

// `options.lora` as a parameter set; throws kAdapter where it does not fit.
inline ParameterSet LoraOf(const Napi::Object& options, const Shape& shape) {
  const Napi::Object lora = ObjectOf(options, "lora");
  const Napi::Object tensors = ObjectOf(lora, "tensors");
  ParameterSet set;
  set.lora_alpha = FloatOf(lora, "alpha");
  const Napi::Array names = tensors.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = Napi::Value(names.Get(i)).As<Napi::String>().Utf8Value();
    const Napi::Array dimensions = ObjectOf(tensors, name.c_str()).Get("shape").As<Napi::Array>();
    std::vector<std::size_t> sizes;
    for (std::uint32_t d = 0; d < dimensions.Length(); ++d) {
      sizes.push_back(
          static_cast<std::size_t>(Napi::Value(dimensions.Get(d)).As<Napi::Number>().Uint32Value()));
    }
    set.parameters.push_back({name, sizes, 0, 0});
  }
  CheckAdapterFits(shape, set);
  AssignOffsets(set.parameters);
  set.values.Grow(ArenaSize(set.parameters));
  set.values.Zero();
  for (const ParameterInfo& parameter : set.parameters) {
    const std::vector<float> data = FloatsOf(ObjectOf(tensors, parameter.name.c_str()), "data");
    if (data.size() != parameter.count) RefuseArgument(parameter.name);
    std::copy(data.begin(), data.end(), set.values.data() + parameter.offset);
  }
  return set;
}

}  // namespace ouroboros::binding
