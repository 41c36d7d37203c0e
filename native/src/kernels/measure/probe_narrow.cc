#include "kernels/measure/probe_narrow.h"

#include "kernels/kernels.h"
#include "kernels/measure/probe_narrow_avx512.h"

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace ouroboros {
namespace {

#if defined(_MSC_VER) && defined(_M_X64)

bool HasInstruction(NarrowOperands operands) {
  constexpr int kVnni = 1 << 11;
  constexpr int kBf16 = 1 << 5;
  int leaf7[4];
  __cpuidex(leaf7, 7, 0);
  if (operands == NarrowOperands::kInt8) return (leaf7[2] & kVnni) != 0;
  if (leaf7[0] < 1) return false;
  __cpuidex(leaf7, 7, 1);
  return (leaf7[0] & kBf16) != 0;
}

#elif defined(__x86_64__)

bool HasInstruction(NarrowOperands operands) {
  __builtin_cpu_init();
  if (operands == NarrowOperands::kInt8) return __builtin_cpu_supports("avx512vnni") != 0;
  return __builtin_cpu_supports("avx512bf16") != 0;
}

#endif

}  // namespace

NarrowProbe NarrowProbeFor(NarrowOperands operands) {
#if defined(__x86_64__) || defined(_M_X64)
  if (BestInstructionSet() != InstructionSet::kAvx512 || !HasInstruction(operands)) return nullptr;
  return operands == NarrowOperands::kBf16 ? avx512::ProbeBf16 : avx512::ProbeInt8;
#else
  static_cast<void>(operands);
  return nullptr;
#endif
}

}  // namespace ouroboros
