#include "binding/inspect/kernel_call.h"

#include <algorithm>

#include "binding/values/convert.h"

namespace ouroboros::binding {

const Kernels& KernelsOf(const Napi::Object& options) {
  const std::string name = StringOf(options, "instructionSet");
  const Kernels& kernels = KernelsFor(BaseSetNamed(name).value_or(BaseSet::kScalar));
  if (name != kernels.name) {
    throw EngineError(ErrorCode::kArgument, "this machine has no instruction set `" + name + "`");
  }
  return kernels;
}

KernelCall::KernelCall(const Napi::Object& options) : kernels(KernelsOf(options)) {
  const std::vector<float> memory = FloatsOf(options, "memory");
  floats_ = memory.size();
  lines_.resize((floats_ + 15) / 16);
  float* const base = lines_.empty() ? nullptr : lines_.data()->values;
  std::copy(memory.begin(), memory.end(), base);
  for (const std::int32_t offset : IntegersOf(options, "pointers")) {
    if (offset > static_cast<std::int64_t>(floats_)) RefuseArgument("pointers");
    pointers_.push_back(offset < 0 ? nullptr : base + offset);
  }
  sizes_ = TokensOf(options, "sizes");
  scalars_ = FloatsOf(options, "scalars");
}

float* KernelCall::Pointer(std::size_t index) const {
  if (index >= pointers_.size()) RefuseArgument("pointers");
  return pointers_[index];
}

std::size_t KernelCall::Size(std::size_t index) const {
  if (index >= sizes_.size()) RefuseArgument("sizes");
  return sizes_[index];
}

float KernelCall::Scalar(std::size_t index) const {
  if (index >= scalars_.size()) RefuseArgument("scalars");
  return scalars_[index];
}

Napi::Object KernelCall::ToJs(Napi::Env env) const {
  Napi::Object result = Napi::Object::New(env);
  result.Set("memory", binding::ToJs(env, std::span<const float>(base(), floats_)));
  Napi::Float64Array results = Napi::Float64Array::New(env, results_.size());
  std::copy(results_.begin(), results_.end(), results.Data());
  result.Set("results", results);
  return result;
}

}  // namespace ouroboros::binding
