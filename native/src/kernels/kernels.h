// The table of kernels of one instruction set, and the choice among them at run time.
//
// Kernels take raw pointers and sizes only: no std templates, no exceptions, no allocation. Element-wise and
// wkv kernels have one source (*_impl.h) over the vector types of simd/*.h, compiled once per instruction set
// with that set's flags; everything else in the engine is compiled with baseline flags.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/gemm/gemm_micro.h"
#include "kernels/measure/probe.h"
#include "kernels/packed/packed.h"
#include "kernels/wkv.h"

namespace ouroboros {

struct Kernels {
  const char* name;  // "scalar", "avx2", "avx512" or "neon"
  GemmMicroKernel gemm;
  WkvKernels wkv;
  ElementwiseKernels elementwise;
  ProbeKernels probe;
  PackedKernels packed;
  const GemmPanelKernel* gemm_bf16 = nullptr;  // null where the processor has no instructions for it
};

extern const Kernels kScalarKernels;
#if defined(__x86_64__) || defined(_M_X64)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;  // without what follows
extern const PackedKernels kAvx512VnniPacked;
extern const GemmPanelKernel kAvx512Bf16Gemm;
#elif defined(__aarch64__) || defined(_M_ARM64)
extern const Kernels kNeonKernels;
extern const PackedKernels kNeonDotPacked;
#endif

enum class InstructionSet { kScalar, kAvx2, kAvx512, kNeon };

// By the name that its kernels bear.
std::optional<InstructionSet> InstructionSetNamed(std::string_view name);
// What both this processor and operating system support, the plainest first.
std::vector<InstructionSet> AvailableInstructionSets();
InstructionSet BestInstructionSet();
// Falls back to the best supported one below `wanted`; a set of another kind of processor limits nothing.
const Kernels& KernelsFor(InstructionSet wanted);
// Every table that this processor can run: the best of each set, and those that they supersede. For tests.
std::vector<const Kernels*> AvailableKernels();

}  // namespace ouroboros
