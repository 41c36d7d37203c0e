// The kernels for AVX2 with FMA; compiled with those flags, so nothing here may run before they are detected.
#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/sets/tables.h"
#include "kernels/simd/int_avx2.h"

// After the vector type they are written over.
#include "kernels/elementwise_impl.h"
#include "kernels/gemm/gemm_micro_impl.h"
#include "kernels/measure/probe_impl.h"
#include "kernels/packed/packed_impl.h"
#include "kernels/wkv_impl.h"

namespace ouroboros {

const Kernels kAvx2Kernels = {
    .name = "avx2",
    .gemm = avx2::kGemm,
    .wkv = avx2::kWkv,
    .elementwise = avx2::kElementwise,
    .probe = avx2::kProbe,
    .packed = avx2::kPacked,
};

}  // namespace ouroboros

#endif
