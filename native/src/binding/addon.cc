// The addon: every part registers what it exports. Nothing else happens when it is loaded.
#include <napi.h>

#include "binding/register.h"

namespace {

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  ouroboros::binding::RegisterFiles(env, exports);
  ouroboros::binding::RegisterText(env, exports);
  ouroboros::binding::RegisterSampler(env, exports);
  ouroboros::binding::RegisterKernels(env, exports);
  ouroboros::binding::RegisterEngine(env, exports);
  ouroboros::binding::RegisterModelFiles(env, exports);
  ouroboros::binding::RegisterLocks(env, exports);
  ouroboros::binding::RegisterInspect(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(ouroboros, Initialize)
