#include "binding/register.h"

namespace ouroboros::binding {

void RegisterFiles(Napi::Env, Napi::Object) {}

}  // namespace ouroboros::binding
