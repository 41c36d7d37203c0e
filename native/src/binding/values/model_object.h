// What the model and trainer bindings share: the C++ side of a Model handle.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "binding/engine_core.h"
#include "binding/values/convert.h"
#include "binding/values/handle.h"
#include "rwkv7/parameters/parameter_set.h"
#include "rwkv7/served/served_model.h"

namespace ouroboros::binding {

struct LoadedModel final : Holder {
  LoadedModel(std::shared_ptr<EngineCore> its_core, std::shared_ptr<const ServedModel> its_served)
      : core(std::move(its_core)), served(std::move(its_served)), shape_(served->shape()) {}

  std::shared_ptr<EngineCore> core;
  std::shared_ptr<const ServedModel> served;  // null once the engine has closed

  const Shape& shape() const { return shape_; }
  void GiveBack() override { served = nullptr; }

 private:
  const Shape shape_;
};
using ModelPtr = std::shared_ptr<LoadedModel>;

inline ModelPtr ModelOf(const Napi::Value& value) { return Unwrap<LoadedModel>(value, HandleKind::kModel); }

inline Napi::Value AdapterToJs(Napi::Env env, const Adapter& adapter) {
  return Wrap(env, HandleKind::kAdapter, adapter, adapter->values.size() * sizeof(float));
}

inline Napi::Value StateToJs(Napi::Env env, const std::shared_ptr<const State>& state) {
  const std::size_t floats = state->att_shift.size() + state->ffn_shift.size() + state->wkv.size();
  return Wrap(env, HandleKind::kState, state, floats * sizeof(float));
}

// `options.adapter`, or null for the base. Throws kAdapter for one of a model of another shape.
inline Adapter AdapterOf(const Napi::Object& options, const Shape& shape) {
  if (!Has(options, "adapter")) return nullptr;
  Adapter adapter = Unwrap<const ParameterSet>(options.Get("adapter"), HandleKind::kAdapter);
  if (adapter->shape != shape) {
    throw EngineError(ErrorCode::kAdapter, "the adapter belongs to a model of another shape");
  }
  return adapter;
}

// `options.state`. Throws kState for a State of another shape.
inline std::shared_ptr<const State> StateOfOptions(const Napi::Object& options, const Shape& shape) {
  auto state = Unwrap<const State>(options.Get("state"), HandleKind::kState);
  if (!state->Fits(shape)) {
    throw EngineError(ErrorCode::kState, "the state belongs to a model of another shape");
  }
  return state;
}

// The result of a job that may have been stopped: a value, or nothing, which JavaScript sees as { kind:
// "cancelled" }.
inline Napi::Object Cancelled(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("kind", "cancelled");
  return result;
}
inline Napi::Object Finished(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("kind", "finished");
  return result;
}

// Scores of tokens[1..], as a Score.
Napi::Value ScoreToJs(Napi::Env env, const std::vector<RowScore>& scores);

}  // namespace ouroboros::binding
