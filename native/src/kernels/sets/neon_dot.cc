// Packed products for 64-bit ARM with dot products (ARMv8.2), which sum four products of bytes in one
// instruction; compiled with its flag, so nothing here may run before it is detected.
#if defined(__aarch64__) || defined(_M_ARM64)

#include "kernels/sets/tables.h"

#define OURO_SIMD_NAMESPACE neondot
#define OURO_SIMD_DOT
#include "kernels/simd/int_neon.h"
#include "kernels/simd/neon.h"

// After the vector types it is written over.
#include "kernels/packed/packed_impl.h"

namespace ouroboros {

const PackedKernels kNeonDotPacked = neondot::kPacked;

}  // namespace ouroboros

#endif
