#include "binding/register.h"

namespace ouroboros::binding {

void RegisterEngine(Napi::Env, Napi::Object) {}

}  // namespace ouroboros::binding
