// The system's locks on open files, for the daemon's and the journal's place.

#include "binding/register.h"
#include "binding/values/errors.h"
#include "files/file_lock.h"

namespace ouroboros::binding {
namespace {

// tryLock(descriptor, isExclusive): boolean
Napi::Value TryLockFile(const Napi::CallbackInfo& info) {
  const int descriptor = info[0].As<Napi::Number>().Int32Value();
  const LockKind kind = info[1].As<Napi::Boolean>() ? LockKind::kExclusive : LockKind::kShared;
  return Napi::Boolean::New(info.Env(), TryLock(descriptor, kind));
}

}  // namespace

void RegisterLocks(Napi::Env env, Napi::Object exports) {
  exports.Set("tryLock", Napi::Function::New(env, Guarded<TryLockFile>, "tryLock"));
}

}  // namespace ouroboros::binding
