// Between JavaScript values and C++ ones. Arguments were validated in native/lib; what is checked here guards
// memory.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace ouroboros::binding {

[[noreturn]] inline void RefuseArgument(const std::string& name) {
  throw EngineError(ErrorCode::kArgument, "argument `" + name + "` is missing or of the wrong type");
}

inline bool Has(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return !value.IsUndefined() && !value.IsNull();
}

inline double NumberOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) RefuseArgument(key);
  return value.As<Napi::Number>().DoubleValue();
}

inline float FloatOf(const Napi::Object& object, const char* key) {
  return static_cast<float>(NumberOf(object, key));
}

inline std::size_t SizeOf(const Napi::Object& object, const char* key) {
  const double value = NumberOf(object, key);
  if (!(value >= 0 && value <= 9007199254740991.0) || value != std::floor(value)) RefuseArgument(key);
  return static_cast<std::size_t>(value);
}

inline bool BoolOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

inline std::string StringOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) RefuseArgument(key);
  return value.As<Napi::String>().Utf8Value();
}

inline std::vector<std::string> StringsOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) RefuseArgument(key);
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> strings;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsString()) RefuseArgument(key);
    strings.push_back(item.As<Napi::String>().Utf8Value());
  }
  return strings;
}

template <typename T, napi_typedarray_type Type>
std::vector<T> TypedArrayOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != Type) RefuseArgument(key);
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  return std::vector<T>(array.Data(), array.Data() + array.ElementLength());
}

inline std::vector<std::uint32_t> TokensOf(const Napi::Object& object, const char* key) {
  return TypedArrayOf<std::uint32_t, napi_uint32_array>(object, key);
}
inline std::vector<std::int32_t> IntegersOf(const Napi::Object& object, const char* key) {
  return TypedArrayOf<std::int32_t, napi_int32_array>(object, key);
}
inline std::vector<float> FloatsOf(const Napi::Object& object, const char* key) {
  return TypedArrayOf<float, napi_float32_array>(object, key);
}

inline Napi::Object ObjectOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsObject()) RefuseArgument(key);
  return value.As<Napi::Object>();
}

// Copies: Electron refuses array buffers that lie outside its heap.
inline Napi::Float32Array ToJs(Napi::Env env, std::span<const float> values) {
  Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}
inline Napi::Uint32Array ToJs(Napi::Env env, std::span<const std::uint32_t> values) {
  Napi::Uint32Array array = Napi::Uint32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}
// [[key, value]]
inline Napi::Array ToJs(Napi::Env env, const std::map<std::string, std::string>& entries) {
  Napi::Array array = Napi::Array::New(env);
  for (const auto& [key, value] : entries) {
    Napi::Array entry = Napi::Array::New(env, 2);
    entry.Set(0u, key);
    entry.Set(1u, value);
    array.Set(array.Length(), entry);
  }
  return array;
}
inline Napi::Array ToJs(Napi::Env env, const std::vector<std::size_t>& sizes) {
  Napi::Array array = Napi::Array::New(env);
  for (const std::size_t size : sizes) array.Set(array.Length(), static_cast<double>(size));
  return array;
}

}  // namespace ouroboros::binding
