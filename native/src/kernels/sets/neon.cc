// The kernels for 64-bit ARM, all of which have NEON; compiled without further flags.
#if defined(__aarch64__) || defined(_M_ARM64)

#include "kernels/simd/neon.h"

#include "kernels/sets/tables.h"
#include "kernels/simd/int_neon.h"

// After the vector type they are written over.
#include "kernels/elementwise_impl.h"
#include "kernels/gemm/gemm_micro_impl.h"
#include "kernels/measure/probe_impl.h"
#include "kernels/packed/packed_impl.h"
#include "kernels/wkv_impl.h"

namespace ouroboros {

const Kernels kNeonKernels = {
    .name = "neon",
    .gemm = neon::kGemm,
    .wkv = neon::kWkv,
    .elementwise = neon::kElementwise,
    .probe = neon::kProbe,
    .packed = neon::kPacked,
};

}  // namespace ouroboros

#endif
