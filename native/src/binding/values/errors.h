// Turns exceptions of the engine into JavaScript errors with a `code`, at the one place where
// they may leave C++.
#pragma once

#include <napi.h>

#include <exception>
#include <new>

#include "base/error.h"

namespace ouroboros::binding {

inline Napi::Error ToJsError(Napi::Env env, ErrorCode code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Value().Set("code", ErrorCodeName(code));
  return error;
}

// Runs body; an EngineError (or running out of memory, or what only a bug can throw) becomes a JavaScript
// exception with its code.
template <typename Body>
auto Guard(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const EngineError& error) {
    throw ToJsError(env, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    throw ToJsError(env, ErrorCode::kMemory, "not enough memory");
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw ToJsError(env, ErrorCode::kInternal, error.what());
  }
}

// A function of the addon whose errors JavaScript sees so.
template <Napi::Value (*Call)(const Napi::CallbackInfo&)>
Napi::Value Guarded(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return Call(info); });
}

}  // namespace ouroboros::binding
