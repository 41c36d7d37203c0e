#include "binding/values/sampling_options.h"

#include <cmath>
#include <string>

#include "base/error.h"

namespace ouroboros::binding {
namespace {

[[noreturn]] void RefuseField(const char* field, const char* expected) {
  throw EngineError(ErrorCode::kArgument, std::string("sampling: ") + field + " must be " + expected);
}

double Number(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsNumber()) RefuseField(field, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

double WholeNumber(const Napi::Object& object, const char* field, double max) {
  const double number = Number(object, field);
  if (!(number >= 0 && number <= max) || number != std::floor(number))
    RefuseField(field, "a whole number, 0 or more");
  return number;
}

}  // namespace

SamplingOptions SamplingOptionsOf(const Napi::Value& value) {
  constexpr double kSafeIntegerMax = 9007199254740991;  // Number.MAX_SAFE_INTEGER
  if (!value.IsObject()) throw EngineError(ErrorCode::kArgument, "sampling must be an object");
  const Napi::Object object = value.As<Napi::Object>();
  SamplingOptions options;
  options.temperature = Number(object, "temperature");
  options.top_p = Number(object, "topP");
  options.top_k = static_cast<std::uint32_t>(WholeNumber(object, "topK", UINT32_MAX));
  options.alpha_presence = Number(object, "alphaPresence");
  options.alpha_frequency = Number(object, "alphaFrequency");
  options.alpha_decay = Number(object, "alphaDecay");
  options.repetition_penalty = Number(object, "repetitionPenalty");
  options.seed = static_cast<std::uint64_t>(WholeNumber(object, "seed", kSafeIntegerMax));
  const Napi::Value ban = object.Get("tokenBan");
  if (!ban.IsTypedArray() || ban.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    RefuseField("tokenBan", "a Uint32Array");
  }
  const Napi::Uint32Array tokens = ban.As<Napi::Uint32Array>();
  options.token_ban.assign(tokens.Data(), tokens.Data() + tokens.ElementLength());
  return options;
}

}  // namespace ouroboros::binding
