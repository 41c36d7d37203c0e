#include "binding/register.h"

namespace ouroboros::binding {

void RegisterKernels(Napi::Env, Napi::Object) {}

}  // namespace ouroboros::binding
