// The table of kernels of one instruction set, and the choice among them at run time.
//
// Kernels take raw pointers and sizes only: no std templates, no exceptions, no allocation. Element-wise and
// wkv kernels have one source (*_impl.h) over the vector types of simd/*.h, compiled once per instruction set
// with that set's flags; everything else in the engine is compiled with baseline flags.
#pragma once

#include <vector>

#include "kernels/elementwise.h"
#include "kernels/gemm/gemm_micro.h"
#include "kernels/instruction_set.h"
#include "kernels/measure/probe.h"
#include "kernels/packed/packed.h"
#include "kernels/wkv.h"

namespace ouroboros {

struct Kernels {
  const char* name;  // of the base set: "scalar", "avx2", "avx512" or "neon"
  GemmMicroKernel gemm;
  WkvKernels wkv;
  ElementwiseKernels elementwise;
  ProbeKernels probe;
  PackedKernels packed;
  const GemmPanelKernel* gemm_bf16 = nullptr;  // null where the processor has no instructions for it
};

// Those that this processor can run, the plainest first.
std::vector<BaseSet> AvailableBaseSets();
// A base set with all its features that this processor has: the best available one up to `wanted`; a set of
// another kind of processor limits nothing.
const Kernels& KernelsFor(BaseSet wanted);
const Kernels& BestKernels();
// Every table that this processor can run: each base set alone, then with one feature more at a time. For
// tests.
std::vector<const Kernels*> AvailableKernels();

}  // namespace ouroboros
