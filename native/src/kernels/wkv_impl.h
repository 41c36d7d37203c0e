// The wkv kernels of one instruction set; see wkv.h. Include after a simd/*.h.

#include "kernels/wkv_backward_impl.h"
#include "kernels/wkv_forward_impl.h"

namespace ouroboros::OURO_SIMD_NAMESPACE {

constexpr WkvKernels kWkv = {.forward = WkvForward, .backward = WkvBackward};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
