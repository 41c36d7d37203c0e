// The portable kernels: for processors without AVX2, and the reference of the others.

#include "kernels/sets/tables.h"
#include "kernels/simd/int_scalar.h"

// After the vector types it is written over.
#include "kernels/sets/base_set_impl.h"

namespace ouroboros {

const Kernels kScalarKernels = scalar::TableNamed("scalar");

}  // namespace ouroboros
