// The kernels for AVX-512; compiled with its flags, so nothing here may run before it is detected.
#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/sets/tables.h"
#include "kernels/simd/int_avx512.h"

// After the vector types it is written over.
#include "kernels/sets/base_set_impl.h"

namespace ouroboros {

const Kernels kAvx512Kernels = avx512::TableNamed("avx512");

}  // namespace ouroboros

#endif
