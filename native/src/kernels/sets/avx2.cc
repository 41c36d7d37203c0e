// The kernels for AVX2 with FMA; compiled with those flags, so nothing here may run before they are detected.
#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/sets/tables.h"
#include "kernels/simd/int_avx2.h"

// After the vector types it is written over.
#include "kernels/sets/base_set_impl.h"

namespace ouroboros {

const Kernels kAvx2Kernels = avx2::TableNamed("avx2");

}  // namespace ouroboros

#endif
