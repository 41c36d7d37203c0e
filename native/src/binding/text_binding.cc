#include "binding/register.h"

namespace ouroboros::binding {

void RegisterText(Napi::Env, Napi::Object) {}

}  // namespace ouroboros::binding
