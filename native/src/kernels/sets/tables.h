// The tables of kernels that the files beside this one define: of each base set, and what each feature adds.
//
// A file is compiled with its set's own flags (CMakeLists.txt), so a table may be read anywhere, but its
// kernels may only run where the set IsAvailable. Which takes whose place: kernels.cc.
#pragma once

#include "kernels/kernels.h"

namespace ouroboros {

extern const Kernels kScalarKernels;
#if defined(__x86_64__) || defined(_M_X64)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const PackedKernels kAvx512VnniPacked;
extern const GemmPanelKernel kAvx512Bf16Gemm;
#elif defined(__aarch64__) || defined(_M_ARM64)
extern const Kernels kNeonKernels;
extern const PackedKernels kNeonDotPacked;
#endif

}  // namespace ouroboros
