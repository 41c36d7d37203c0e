// Which operands training multiplies faster on this machine: float32, or bf16 pairs where the processor has
// them.
//
// Having the instruction is not enough. On Zen 4 it does twice the float32 multiply-adds of a cycle, on a
// virtual Sapphire Rapids half of them (SPEED.md), so the first engine of a process tries both in registers.
#pragma once

#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"

namespace ouroboros {

// Takes a millisecond the first time. Any thread.
Precision FasterPrecision(const Kernels& kernels);

}  // namespace ouroboros
