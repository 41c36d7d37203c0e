#include "binding/register.h"

namespace ouroboros::binding {

void RegisterInspect(Napi::Env, Napi::Object) {}

}  // namespace ouroboros::binding
