// The Sampler as a JavaScript object, for conformance and tests: generation samples on its own thread,
// without it.

#include <algorithm>

#include "binding/register.h"
#include "binding/values/errors.h"
#include "binding/values/sampling_options.h"
#include "generate/sampler.h"
#include "kernels/kernels.h"
#include "text/tokenizer.h"

namespace ouroboros::binding {
namespace {

std::span<const std::uint32_t> TokensOf(const Napi::Value& value) {
  const Napi::Uint32Array array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.ElementLength()};
}

std::span<const float> LogitsOf(const Napi::Value& value, std::size_t vocabulary_size) {
  const Napi::Float32Array array = value.As<Napi::Float32Array>();
  if (array.ElementLength() != vocabulary_size) {
    throw EngineError(ErrorCode::kArgument,
                      "sampling: there must be one logit for every token of the vocabulary");
  }
  return {array.Data(), array.ElementLength()};
}

class SamplerObject : public Napi::ObjectWrap<SamplerObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Sampler",
                       {InstanceMethod<&SamplerObject::Choose>("choose"),
                        InstanceMethod<&SamplerObject::Probabilities>("probabilities"),
                        InstanceMethod<&SamplerObject::Count>("count"),
                        InstanceMethod<&SamplerObject::Occurrences>("occurrences"),
                        InstanceMethod<&SamplerObject::Restore>("restore")});
  }

  // new Sampler(sampling, vocabularySize, uncounted)
  explicit SamplerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    Guard(info.Env(), [&] {
      vocabulary_size_ = info[1].As<Napi::Number>().Uint32Value();
      sampler_ = std::make_unique<Sampler>(BestKernels().elementwise, SamplingOptionsOf(info[0]),
                                           vocabulary_size_, TokensOf(info[2]));
    });
  }

 private:
  Napi::Value Choose(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      const Choice choice = sampler_->Choose(LogitsOf(info[0], vocabulary_size_));
      Napi::Object result = Napi::Object::New(info.Env());
      result.Set("token", choice.token);
      result.Set("logProbability", choice.log_probability);
      return result;
    });
  }

  Napi::Value Probabilities(const Napi::CallbackInfo& info) {
    return Guard(info.Env(), [&] {
      Napi::Float64Array out = Napi::Float64Array::New(info.Env(), vocabulary_size_);
      sampler_->Probabilities(LogitsOf(info[0], vocabulary_size_), {out.Data(), vocabulary_size_});
      return out;
    });
  }

  void Count(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] { sampler_->Count(info[0].As<Napi::Number>().Uint32Value()); });
  }

  // [[token, count], ...] in the order of first occurrence.
  Napi::Value Occurrences(const Napi::CallbackInfo& info) {
    Napi::Array entries = Napi::Array::New(info.Env());
    for (const Occurrence& occurrence : sampler_->occurrences()) {
      Napi::Array entry = Napi::Array::New(info.Env(), 2);
      entry.Set(0u, occurrence.token);
      entry.Set(1u, occurrence.count);
      entries.Set(entries.Length(), entry);
    }
    return entries;
  }

  // restore(tokens, counts, repeated)
  void Restore(const Napi::CallbackInfo& info) {
    Guard(info.Env(), [&] {
      const std::span<const std::uint32_t> tokens = TokensOf(info[0]);
      const Napi::Float64Array counts = info[1].As<Napi::Float64Array>();
      std::vector<Occurrence> occurrences;
      for (std::size_t i = 0; i < std::min(tokens.size(), counts.ElementLength()); ++i) {
        occurrences.push_back({tokens[i], counts[i]});
      }
      sampler_->Restore(occurrences, TokensOf(info[2]));
    });
  }

  std::unique_ptr<Sampler> sampler_;
  std::uint32_t vocabulary_size_ = 0;
};

// isUncounted(bytes)
Napi::Value IsUncountedToken(const Napi::CallbackInfo& info) {
  const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  const std::string_view text(reinterpret_cast<const char*>(bytes.Data()), bytes.ElementLength());
  return Napi::Boolean::New(info.Env(), IsUncounted(text));
}

}  // namespace

void RegisterSampler(Napi::Env env, Napi::Object exports) {
  exports.Set("Sampler", SamplerObject::Define(env));
  exports.Set("isUncounted", Napi::Function::New(env, IsUncountedToken));
}

}  // namespace ouroboros::binding
