// The kernels for 64-bit ARM, all of which have NEON; compiled without further flags.
#if defined(__aarch64__) || defined(_M_ARM64)

#include "kernels/simd/neon.h"

#include "kernels/sets/tables.h"
#include "kernels/simd/int_neon.h"

// After the vector types it is written over.
#include "kernels/sets/base_set_impl.h"

namespace ouroboros {

const Kernels kNeonKernels = neon::TableNamed("neon");

}  // namespace ouroboros

#endif
