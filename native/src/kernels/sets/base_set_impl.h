// All kernels of a base set, compiled with that set's flags. Include after a simd/*.h and its simd/int_*.h.

#include "kernels/elementwise_impl.h"
#include "kernels/gemm/gemm_micro_impl.h"
#include "kernels/measure/probe_impl.h"
#include "kernels/packed/packed_impl.h"
#include "kernels/wkv_impl.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

constexpr Kernels TableNamed(const char* name) {
  return {.name = name,
          .gemm = kGemm,
          .wkv = kWkv,
          .elementwise = kElementwise,
          .probe = kProbe,
          .packed = kPacked};
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
