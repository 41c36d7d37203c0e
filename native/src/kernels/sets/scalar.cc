// The portable kernels: for processors without AVX2, and the reference of the others.

#include "kernels/sets/tables.h"
#include "kernels/simd/int_scalar.h"

// After the vector type they are written over.
#include "kernels/elementwise_impl.h"
#include "kernels/gemm/gemm_micro_impl.h"
#include "kernels/measure/probe_impl.h"
#include "kernels/packed/packed_impl.h"
#include "kernels/wkv_impl.h"

namespace ouroboros {

const Kernels kScalarKernels = {
    .name = "scalar",
    .gemm = scalar::kGemm,
    .wkv = scalar::kWkv,
    .elementwise = scalar::kElementwise,
    .probe = scalar::kProbe,
    .packed = scalar::kPacked,
};

}  // namespace ouroboros
