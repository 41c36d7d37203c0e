// A lock that the system holds on an open file: it ends with the descriptor, so kill -9 lets go of it too,
// and it is known by every process of this machine, whatever its namespace.
//
// Thread-safe. Owns nothing: the lock lives as long as the open file does. A child that inherits the
// descriptor would keep it; Node opens every file so that none does.
#pragma once

namespace ouroboros {

enum class LockKind { kShared, kExclusive };

// False: somebody else has it. Does not wait. `descriptor` is one of libuv's (`FileHandle.fd`); on network
// file systems it must be open for writing where the lock is exclusive. Throws kFile where the file system
// has no locks.
bool TryLock(int descriptor, LockKind kind);

}  // namespace ouroboros
