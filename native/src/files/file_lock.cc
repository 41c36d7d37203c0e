#include "files/file_lock.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "base/error.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

// libuv's, which Node exports: descriptors are numbered by the C library of node.exe, not by ours.
extern "C" __declspec(dllimport) void* uv_get_osfhandle(int descriptor);
#else
#include <sys/file.h>
#endif

namespace ouroboros {
namespace {

[[noreturn]] void Refuse(const std::error_code& error) {
  throw EngineError(ErrorCode::kFile, "the file system cannot lock it: " + error.message());
}

}  // namespace

#if defined(_WIN32)

bool TryLock(int descriptor, LockKind kind) {
  // Locked bytes cannot be read by others, so the one that is locked lies where no content ever is.
  OVERLAPPED place{};
  place.OffsetHigh = 0x40000000;
  const DWORD exclusive = kind == LockKind::kExclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0;
  if (LockFileEx(uv_get_osfhandle(descriptor), exclusive | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place)) {
    return true;
  }
  const DWORD error = GetLastError();
  if (error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING) return false;
  Refuse({static_cast<int>(error), std::system_category()});
}

#else

bool TryLock(int descriptor, LockKind kind) {
  const int operation = (kind == LockKind::kExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
  while (flock(descriptor, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) Refuse({errno, std::generic_category()});
  }
  return true;
}

#endif

}  // namespace ouroboros
