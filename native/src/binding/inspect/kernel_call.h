// One call of a kernel of raw pointers, as tests write it down.
//
// The caller places arrays in one block of memory, aligned or not, and gets all of it back, so that a write
// outside them shows. Arguments come as pointers (offsets in floats from the block's 64-byte aligned begin,
// negative for null), sizes and scalars, each in the order of the kernel's C++ declaration.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace ouroboros::binding {

// The kernels of options.instructionSet; throws EngineError `argument` where this machine has none.
const Kernels& KernelsOf(const Napi::Object& options);

class KernelCall {
 public:
  explicit KernelCall(const Napi::Object& options);

  // Throw EngineError `argument` where the call gives fewer.
  float* Pointer(std::size_t index) const;
  std::size_t Size(std::size_t index) const;
  float Scalar(std::size_t index) const;
  // Sizes 0, 1, 2.
  Region AsRegion() const { return {Size(0), Size(1), Size(2)}; }

  void Return(double value) { results_.push_back(value); }
  // { memory, results }
  Napi::Object ToJs(Napi::Env env) const;

  const Kernels& kernels;

 private:
  struct alignas(64) Line {
    float values[16];
  };
  const float* base() const { return lines_.empty() ? nullptr : lines_.data()->values; }

  std::size_t floats_;
  std::vector<Line> lines_;
  std::vector<float*> pointers_;
  std::vector<std::uint32_t> sizes_;
  std::vector<float> scalars_;
  std::vector<double> results_;
};

// Runs the kernel `name` (kernel_calls.cc lists them) with the call's arguments.
void RunKernel(const std::string& name, KernelCall& call);

}  // namespace ouroboros::binding
