// Model files for JavaScript: what one holds, and one turned into another. Arguments are checked in
// native/lib/modelFiles.ts.

#include <array>

#include "binding/job.h"
#include "binding/register.h"
#include "binding/values/convert.h"
#include "binding/values/errors.h"
#include "binding/values/handle.h"
#include "binding/values/tokenizer_object.h"
#include "rwkv7/parameters/model_export.h"
#include "rwkv7/parameters/model_tensors.h"
#include "text/gguf_vocabulary.h"

namespace ouroboros::binding {
namespace {

constexpr std::array<const char*, 3> kNamings = {"official", "gguf", "fla"};

// readModelFile(path): { naming, matrixType, metadata: [[key, value]], tensors: [{ name, dtype, shape }] },
// tensors by official name and shape, in the official order.
Napi::Value ReadModelFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, [&]() -> Napi::Value {
    const auto file = ModelTensors::Open(info[0].As<Napi::String>());
    Napi::Array tensors = Napi::Array::New(env);
    for (const ParameterInfo& parameter : file->parameters()) {
      Napi::Object tensor = Napi::Object::New(env);
      tensor.Set("name", parameter.name);
      tensor.Set("dtype", DTypeName(file->TypeOf(parameter.name)));
      tensor.Set("shape", ToJs(env, parameter.shape));
      tensors.Set(tensors.Length(), tensor);
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("naming", kNamings[static_cast<std::size_t>(file->naming())]);
    result.Set("matrixType", DTypeName(file->MatrixType()));
    result.Set("metadata", ToJs(env, file->metadata()));
    result.Set("tensors", tensors);
    return result;
  });
}

template <typename Value, std::size_t Count>
Value OneOf(const Napi::Object& options, const char* key,
            const std::array<std::pair<const char*, Value>, Count>& values) {
  const std::string name = StringOf(options, key);
  const auto found = std::ranges::find(values, name, &std::pair<const char*, Value>::first);
  if (found == values.end()) RefuseArgument(key);
  return found->second;
}

struct Conversion {
  std::string source, destination;
  ModelExport wanted;
  std::shared_ptr<const Tokenizer> tokenizer;
};

Conversion ConversionOf(const Napi::Object& options) {
  constexpr std::array<std::pair<const char*, ModelFormat>, 3> kFormats = {
      {{"safetensors", ModelFormat::kSafetensors}, {"fla", ModelFormat::kFla}, {"gguf", ModelFormat::kGguf}}};
  constexpr std::array<std::pair<const char*, DType>, 5> kTypes = {{{"f32", DType::kF32},
                                                                    {"f16", DType::kF16},
                                                                    {"bf16", DType::kBf16},
                                                                    {"q8_0", DType::kQ8_0},
                                                                    {"q4_0", DType::kQ4_0}}};
  Conversion conversion{StringOf(options, "source"), StringOf(options, "destination"), {}, nullptr};
  conversion.wanted.format = OneOf(options, "format", kFormats);
  if (Has(options, "type")) conversion.wanted.matrix_type = OneOf(options, "type", kTypes);
  if (Has(options, "name")) conversion.wanted.name = StringOf(options, "name");
  if (Has(options, "tokenizer")) conversion.tokenizer = TokenizerOf(options.Get("tokenizer"));
  return conversion;
}

bool Convert(Conversion conversion, const std::stop_token& stop, JobQueue& queue) {
  const auto tensors = ModelTensors::Open(conversion.source);
  if (conversion.tokenizer != nullptr) {
    GgufTokens tokens = ToGgufTokens(conversion.tokenizer->vocabulary(), tensors->shape().vocabulary);
    conversion.wanted.token_texts = std::move(tokens.texts);
    conversion.wanted.token_types = std::move(tokens.types);
  }
  return ExportModel(*tensors, conversion.wanted, conversion.destination,
                     [&](std::size_t done, std::size_t total) {
                       queue.NonBlockingCall([done, total](Napi::Env env, Napi::Function listener) {
                         listener.Call({Napi::Number::New(env, static_cast<double>(done)),
                                        Napi::Number::New(env, static_cast<double>(total))});
                       });
                       return !stop.stop_requested();
                     });
}

// convertModel(engine, { source, destination, format, type?, name?, tokenizer? }, onProgress)
Napi::Value ConvertModel(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] {
    const auto core = Unwrap<EngineCore>(info[0], HandleKind::kEngine);
    return RunTellingJob(
        info.Env(), core, On::kLoadThread, info[2].As<Napi::Function>(),
        [conversion = ConversionOf(info[1].As<Napi::Object>())](
            const std::stop_token& stop, JobQueue& queue) { return Convert(conversion, stop, queue); },
        [](Napi::Env env, bool is_written) -> Napi::Value { return Napi::Boolean::New(env, is_written); });
  });
}

}  // namespace

void RegisterModelFiles(Napi::Env env, Napi::Object exports) {
  exports.Set("readModelFile", Napi::Function::New(env, ReadModelFile));
  exports.Set("convertModel", Napi::Function::New(env, ConvertModel));
}

}  // namespace ouroboros::binding
