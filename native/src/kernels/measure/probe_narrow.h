// The most that narrow operands reach in registers: bf16 pairs and int8 quadruples, multiplied and added in
// one go.
//
// Apart from the tables of kernels.h, because only some processors with AVX-512 have these instructions.
#pragma once

#include <cstddef>

namespace ouroboros {

enum class NarrowOperands { kBf16, kInt8 };

// As ProbeKernels::multiply_adds: independent chains, no memory; returns how many operations it was.
using NarrowProbe = std::size_t (*)(std::size_t iterations, float* keep);

// Null where this processor or operating system lacks the instruction.
NarrowProbe NarrowProbeFor(NarrowOperands operands);

}  // namespace ouroboros
