// Opaque JavaScript values for engine objects: an External that owns a shared_ptr, with its kind checked on
// the way in.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "base/error.h"

namespace ouroboros::binding {

enum class HandleKind { kEngine, kModel, kState, kAdapter, kReference, kTrainer, kTokenizer };

struct HandleBox {
  HandleKind kind;
  std::shared_ptr<void> value;
  std::int64_t bytes;
};

// `bytes`: what the object holds outside JavaScript's heap, so that its collector knows how much a handle
// keeps alive.
template <typename T>
Napi::Value Wrap(Napi::Env env, HandleKind kind, std::shared_ptr<T> value, std::size_t bytes = 0) {
  const auto held = static_cast<std::int64_t>(bytes);
  auto* box =
      new HandleBox{kind, std::const_pointer_cast<std::remove_const_t<T>>(std::move(value)), held};  // NOLINT
  Napi::MemoryManagement::AdjustExternalMemory(env, held);
  return Napi::External<HandleBox>::New(env, box, [](Napi::Env finalizer_env, HandleBox* done) {
    Napi::MemoryManagement::AdjustExternalMemory(finalizer_env, -done->bytes);
    delete done;  // NOLINT
  });
}

// Throws EngineError(kArgument) when the value is no handle of this kind.
template <typename T>
std::shared_ptr<T> Unwrap(const Napi::Value& value, HandleKind kind) {
  if (value.IsExternal()) {
    const HandleBox* box = value.As<Napi::External<HandleBox>>().Data();
    if (box->kind == kind) return std::static_pointer_cast<T>(box->value);
  }
  throw EngineError(ErrorCode::kArgument, "an argument is not the engine object that was expected here");
}

// What any handle's object holds outside JavaScript's heap.
inline std::int64_t HeldBytes(const Napi::Value& value) {
  if (!value.IsExternal()) throw EngineError(ErrorCode::kArgument, "only objects of the engine hold memory");
  return value.As<Napi::External<HandleBox>>().Data()->bytes;
}

}  // namespace ouroboros::binding
