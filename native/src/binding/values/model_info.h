// ModelInfo, and the kernels and types that options name, as JavaScript sees them (native/lib/types.ts).
#pragma once

#include <napi.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "binding/values/convert.h"
#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"
#include "rwkv7/served/served_model.h"

namespace ouroboros::binding {

constexpr std::array<const char*, 4> kWeightTypeNames = {"f32", "bf16", "q8", "q4"};

// `options.weights`; nothing where it is left out.
inline std::optional<WeightType> WeightTypeOf(const Napi::Object& options) {
  if (!Has(options, "weights")) return std::nullopt;
  const auto found =
      std::find(kWeightTypeNames.begin(), kWeightTypeNames.end(), StringOf(options, "weights"));
  if (found == kWeightTypeNames.end()) RefuseArgument("weights");
  return static_cast<WeightType>(found - kWeightTypeNames.begin());
}

// Of a Checkpoint or a ServedModel.
inline Napi::Object ModelInfoToJs(Napi::Env env, const Shape& shape, std::size_t parameter_count,
                                  const std::string& hash) {
  const auto number = [&](std::size_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
  Napi::Object ranks = Napi::Object::New(env);
  ranks.Set("w", number(shape.ranks.w));
  ranks.Set("a", number(shape.ranks.a));
  ranks.Set("v", number(shape.ranks.v));
  ranks.Set("g", number(shape.ranks.g));
  Napi::Object info = Napi::Object::New(env);
  info.Set("layers", number(shape.layers));
  info.Set("width", number(shape.width));
  info.Set("heads", number(shape.heads));
  info.Set("headSize", number(kHeadSize));
  info.Set("vocabularySize", number(shape.vocabulary));
  info.Set("ffnWidth", number(shape.ffn));
  info.Set("loraRanks", ranks);
  info.Set("parameters", number(parameter_count));
  info.Set("hash", hash);
  return info;
}

// `options.precision` of matrix products.
inline Precision PrecisionOf(const Napi::Object& options) {
  const std::string name = StringOf(options, "precision");
  if (name == "f32") return Precision::kF32;
  if (name == "bf16") return Precision::kBf16;
  RefuseArgument("precision");
}

// Those of `options.instructionSet`, as KernelsFor takes it; else the best of this machine.
inline const Kernels& ChosenKernels(const Napi::Object& options) {
  if (!Has(options, "instructionSet")) return BestKernels();
  const std::optional<BaseSet> set = BaseSetNamed(StringOf(options, "instructionSet"));
  if (!set) RefuseArgument("instructionSet");
  return KernelsFor(*set);
}

}  // namespace ouroboros::binding
