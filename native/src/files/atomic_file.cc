#include "files/atomic_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.h"

#if defined(_WIN32)
#include <io.h>
#include <process.h>
#include <sys/stat.h>
#else
#include <unistd.h>
#endif

namespace ouroboros {
namespace {

std::filesystem::path ToPath(const std::string& utf8) {
  return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

#if defined(_WIN32)

int CreateExclusive(const std::string& path) {
  return _wopen(ToPath(path).c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY, _S_IREAD | _S_IWRITE);
}
std::ptrdiff_t WriteSome(int descriptor, const std::byte* data, std::size_t size) {
  return _write(descriptor, data, static_cast<unsigned>(std::min<std::size_t>(size, 1u << 30)));
}
bool Sync(int descriptor) { return _commit(descriptor) == 0; }
bool Close(int descriptor) { return _close(descriptor) == 0; }
int ProcessId() { return _getpid(); }
bool SyncFolder(const std::filesystem::path&) { return true; }  // NTFS journals the rename itself

#else

constexpr mode_t kMode = 0644;  // before umask

int CreateExclusive(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
}
std::ptrdiff_t WriteSome(int descriptor, const std::byte* data, std::size_t size) {
  return write(descriptor, data, size);
}
bool Sync(int descriptor) { return fsync(descriptor) == 0; }
bool Close(int descriptor) { return close(descriptor) == 0; }
int ProcessId() { return static_cast<int>(getpid()); }
bool SyncFolder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = Sync(descriptor);
  const int error = errno;
  close(descriptor);
  errno = error;
  return synced;
}

#endif

}  // namespace

// The process id keeps processes apart, the attempt this process's own writers, and what a killed one left
// behind.
AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  constexpr int kAttemptsMax = 1000;
  const std::string prefix = path + "." + std::to_string(ProcessId()) + "-";
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const std::string candidate = prefix + std::to_string(attempt) + ".tmp";
    descriptor_ = CreateExclusive(candidate);
    if (descriptor_ >= 0) {
      temporary_path_ = candidate;
      return;
    }
    if (errno != EEXIST) break;
  }
  Fail("cannot be written");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) Close(descriptor_);
  if (temporary_path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(ToPath(temporary_path_), ignored);
}

void AtomicFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t written = WriteSome(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) Fail("cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::Commit() {
  if (!Sync(descriptor_)) Fail("cannot be written");
  const bool closed = Close(descriptor_);
  descriptor_ = -1;
  if (!closed) Fail("cannot be written");
  std::error_code error;
  std::filesystem::rename(ToPath(temporary_path_), ToPath(path_), error);
  if (error) {
    throw EngineError(ErrorCode::kFile, path_ + ": cannot be replaced: " + error.message());
  }
  temporary_path_.clear();
  // Without this, a power cut could bring the old folder entry back after the caller was told it is done.
  const std::filesystem::path folder = ToPath(path_).parent_path();
  if (!SyncFolder(folder.empty() ? "." : folder)) Fail("was written, but its folder cannot be synced");
}

void AtomicFile::Fail(const char* what) {
  const int error = errno;
  throw EngineError(ErrorCode::kFile, path_ + ": " + what + ": " + std::generic_category().message(error));
}

}  // namespace ouroboros
