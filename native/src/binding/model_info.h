// ModelInfo and instruction sets as JavaScript sees them (native/lib/types.ts).
#pragma once

#include <napi.h>

#include "binding/convert.h"
#include "kernels/kernels.h"
#include "rwkv7/checkpoint.h"

namespace ouroboros::binding {

inline Napi::Object ModelInfoToJs(Napi::Env env, const Checkpoint& checkpoint) {
  const auto number = [&](std::size_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
  const Shape& shape = checkpoint.shape;
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
  info.Set("parameters", number(checkpoint.parameter_count));
  info.Set("hash", checkpoint.hash);
  return info;
}

// `options.instructionSet`, else the best of this machine.
inline InstructionSet InstructionSetOf(const Napi::Object& options) {
  if (!Has(options, "instructionSet")) return BestInstructionSet();
  const std::string name = StringOf(options, "instructionSet");
  if (name == "scalar") return InstructionSet::kScalar;
  if (name == "avx2") return InstructionSet::kAvx2;
  if (name == "avx512") return InstructionSet::kAvx512;
  RefuseArgument("instructionSet");
}

}  // namespace ouroboros::binding
