// Whole tensor files in and out of JavaScript: for conformance, tests and tools. Models are loaded by the
// engine. Every array is a copy in the JavaScript heap: Electron refuses external buffers.

#include <cstring>

#include "binding/register.h"
#include "binding/values/convert.h"
#include "binding/values/errors.h"
#include "files/safetensors/safetensors_writer.h"
#include "files/tensor_file.h"

namespace ouroboros::binding {
namespace {

// A typed array of the elements as they are stored.
template <typename Array>
Napi::Value StoredElements(Napi::Env env, const TensorFile& file, std::size_t index, std::size_t count) {
  Array array = Array::New(env, count);
  const std::span elements(array.Data(), count);
  file.ReadBytes(index, std::as_writable_bytes(elements));
  return array;
}

// f16 and bf16 have no typed array and are widened to float32, the smaller integers to int32: all exact.
Napi::Value Elements(Napi::Env env, const TensorFile& file, std::size_t index) {
  const TensorInfo& info = file.tensors()[index];
  const std::size_t count = ElementCount(info.shape).value_or(0);
  if (info.dtype == DType::kF64) return StoredElements<Napi::Float64Array>(env, file, index, count);
  if (info.dtype == DType::kI64) return StoredElements<Napi::BigInt64Array>(env, file, index, count);
  if (info.dtype == DType::kU32) return StoredElements<Napi::Uint32Array>(env, file, index, count);
  if (IsFloat(info.dtype)) {
    Napi::Float32Array floats = Napi::Float32Array::New(env, count);
    file.ReadF32(index, {floats.Data(), count});
    return floats;
  }
  std::vector<std::int64_t> wide(count);
  file.ReadI64(index, wide);
  Napi::Int32Array integers = Napi::Int32Array::New(env, count);
  for (std::size_t i = 0; i < count; ++i) integers[i] = static_cast<std::int32_t>(wide[i]);
  return integers;
}

Napi::Value TensorToJs(Napi::Env env, const TensorFile& file, std::size_t index) {
  const TensorInfo& info = file.tensors()[index];
  Napi::Object tensor = Napi::Object::New(env);
  tensor.Set("name", info.name);
  tensor.Set("dtype", DTypeName(info.dtype));
  tensor.Set("shape", ToJs(env, info.shape));
  tensor.Set("values", Elements(env, file, index));
  return tensor;
}

// readTensors(path): { hash, metadata, tensors: [{ name, dtype, shape, values }] }
Napi::Value ReadTensors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, [&]() -> Napi::Value {
    const std::unique_ptr<TensorFile> file = TensorFile::Open(info[0].As<Napi::String>());
    Napi::Array tensors = Napi::Array::New(env, file->tensors().size());
    for (std::uint32_t i = 0; i < file->tensors().size(); ++i) {
      const Napi::HandleScope scope(env);
      tensors.Set(i, TensorToJs(env, *file, i));
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("hash", file->Sha256());
    result.Set("metadata", ToJs(env, file->metadata()));
    result.Set("tensors", tensors);
    return result;
  });
}

TensorToWrite TensorFromJs(const Napi::Object& tensor) {
  TensorToWrite result;
  result.name = tensor.Get("name").As<Napi::String>();
  const std::string dtype = tensor.Get("dtype").As<Napi::String>();
  result.dtype = dtype == "BF16" ? DType::kBf16 : DType::kF32;
  const Napi::Array shape = tensor.Get("shape").As<Napi::Array>();
  for (std::uint32_t d = 0; d < shape.Length(); ++d) {
    result.shape.push_back(static_cast<std::size_t>(shape.Get(d).As<Napi::Number>().Int64Value()));
  }
  const Napi::Float32Array values = tensor.Get("values").As<Napi::Float32Array>();
  result.values = {values.Data(), values.ElementLength()};  // lives as long as the argument of this call
  return result;
}

// writeSafetensors(path, [{ name, dtype, shape, values }], [[key, value]])
Napi::Value WriteSafetensorsFile(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Napi::Array tensors = info[1].As<Napi::Array>(), entries = info[2].As<Napi::Array>();
    std::vector<TensorToWrite> to_write;
    for (std::uint32_t i = 0; i < tensors.Length(); ++i)
      to_write.push_back(TensorFromJs(tensors.Get(i).As<Napi::Object>()));
    std::map<std::string, std::string> metadata;
    for (std::uint32_t i = 0; i < entries.Length(); ++i) {
      const Napi::Array entry = entries.Get(i).As<Napi::Array>();
      metadata[entry.Get(0u).As<Napi::String>()] = entry.Get(1u).As<Napi::String>();
    }
    WriteSafetensors(info[0].As<Napi::String>(), to_write, metadata);
    return info.Env().Undefined();
  });
}

}  // namespace

void RegisterFiles(Napi::Env env, Napi::Object exports) {
  exports.Set("readTensors", Napi::Function::New(env, ReadTensors));
  exports.Set("writeSafetensors", Napi::Function::New(env, WriteSafetensorsFile));
}

}  // namespace ouroboros::binding
