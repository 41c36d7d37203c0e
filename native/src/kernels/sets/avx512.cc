// The kernels for AVX-512; compiled with its flags, so nothing here may run before it is detected.
#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/sets/tables.h"
#include "kernels/simd/int_avx512.h"

// After the vector type they are written over.
#include "kernels/elementwise_impl.h"
#include "kernels/gemm/gemm_micro_impl.h"
#include "kernels/measure/probe_impl.h"
#include "kernels/packed/packed_impl.h"
#include "kernels/wkv_impl.h"

namespace ouroboros {

const Kernels kAvx512Kernels = {
    .name = "avx512",
    .gemm = avx512::kGemm,
    .wkv = avx512::kWkv,
    .elementwise = avx512::kElementwise,
    .probe = avx512::kProbe,
    .packed = avx512::kPacked,
};

}  // namespace ouroboros

#endif
