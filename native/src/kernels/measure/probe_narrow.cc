#include "kernels/measure/probe_narrow.h"

#include "kernels/instruction_set.h"
#include "kernels/measure/probe_narrow_avx512.h"

namespace ouroboros {

NarrowProbe NarrowProbeFor(NarrowOperands operands) {
#if defined(__x86_64__) || defined(_M_X64)
  const bool is_bf16 = operands == NarrowOperands::kBf16;
  if (!IsAvailable(is_bf16 ? Feature::kAvx512Bf16 : Feature::kAvx512Vnni)) return nullptr;
  return is_bf16 ? avx512::ProbeBf16 : avx512::ProbeInt8;
#else
  static_cast<void>(operands);
  return nullptr;
#endif
}

}  // namespace ouroboros
