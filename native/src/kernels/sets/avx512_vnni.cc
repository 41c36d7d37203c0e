// Packed products for AVX-512 with VNNI, which sums four products of bytes in one instruction; compiled with
// its flags, so nothing here may run before it is detected.
#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/sets/tables.h"

#define OURO_SIMD_NAMESPACE avx512vnni
#define OURO_SIMD_VNNI
#include "kernels/simd/int_avx512.h"

// After the vector types it is written over.
#include "kernels/packed/packed_impl.h"

namespace ouroboros {

const PackedKernels kAvx512VnniPacked = avx512vnni::kPacked;

}  // namespace ouroboros

#endif
