// Kernels for JavaScript tests: nothing is exported yet; they are checked through ops and conformance.
#include "binding/register.h"

namespace ouroboros::binding {

void RegisterKernels(Napi::Env, Napi::Object) {}

}  // namespace ouroboros::binding
