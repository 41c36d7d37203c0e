#include "files/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/error.h"

#if defined(_WIN32)
#include <io.h>

#include <filesystem>
#include <mutex>
#else
#include <unistd.h>
#endif

namespace ouroboros {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kSettledNs = 2 * kSecondNs;  // the coarsest clock in use, that of FAT

[[noreturn]] void CannotRead(const std::string& path, const std::string& reason) {
  throw EngineError(ErrorCode::kFile, path + ": cannot be read: " + reason);
}

[[noreturn]] void Changed(const std::string& path) {
  throw EngineError(ErrorCode::kChanged, path + ": the file has changed since it was opened; open it again");
}

std::string ErrorText(int error) { return std::generic_category().message(error); }

#if defined(_WIN32)

using Status = struct _stat64;
int OpenToRead(const std::string& path) {
  return _wopen(std::filesystem::path(std::u8string(path.begin(), path.end())).c_str(),
                _O_RDONLY | _O_BINARY);
}
bool GetStatus(int descriptor, Status* status) { return _fstat64(descriptor, status) == 0; }
bool IsFolder(const Status& status) { return (status.st_mode & _S_IFDIR) != 0; }
bool IsRegular(const Status& status) { return (status.st_mode & _S_IFREG) != 0; }
std::int64_t ModifiedNs(const Status& status) { return status.st_mtime * kSecondNs; }
std::int64_t StatusChangedNs(const Status& status) { return status.st_ctime * kSecondNs; }
int Duplicate(int descriptor) { return _dup(descriptor); }
void CloseFile(int descriptor) { _close(descriptor); }
std::ptrdiff_t ReadSome(int descriptor, std::byte* out, std::size_t size, std::size_t begin) {
  static std::mutex one_at_a_time;  // place and read are two calls here
  const std::lock_guard lock(one_at_a_time);
  if (_lseeki64(descriptor, static_cast<std::int64_t>(begin), SEEK_SET) < 0) return -1;
  return _read(descriptor, out, static_cast<unsigned>(std::min<std::size_t>(size, 1u << 30)));
}

#else

using Status = struct stat;
// Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
int OpenToRead(const std::string& path) { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }
bool GetStatus(int descriptor, Status* status) { return fstat(descriptor, status) == 0; }
bool IsFolder(const Status& status) { return S_ISDIR(status.st_mode); }
bool IsRegular(const Status& status) { return S_ISREG(status.st_mode); }
#if defined(__APPLE__)
std::int64_t ModifiedNs(const Status& status) {
  return status.st_mtimespec.tv_sec * kSecondNs + status.st_mtimespec.tv_nsec;
}
std::int64_t StatusChangedNs(const Status& status) {
  return status.st_ctimespec.tv_sec * kSecondNs + status.st_ctimespec.tv_nsec;
}
#else
std::int64_t ModifiedNs(const Status& status) {
  return status.st_mtim.tv_sec * kSecondNs + status.st_mtim.tv_nsec;
}
std::int64_t StatusChangedNs(const Status& status) {
  return status.st_ctim.tv_sec * kSecondNs + status.st_ctim.tv_nsec;
}
#endif
int Duplicate(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 0); }
void CloseFile(int descriptor) { close(descriptor); }
std::ptrdiff_t ReadSome(int descriptor, std::byte* out, std::size_t size, std::size_t begin) {
  return pread(descriptor, out, size, static_cast<off_t>(begin));
}

#endif

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int OpenRegular(const std::string& path) {
  const int descriptor = OpenToRead(path);
  if (descriptor < 0) CannotRead(path, ErrorText(errno));
  Status status = {};
  std::string problem;
  if (!GetStatus(descriptor, &status)) {
    problem = ErrorText(errno);
  } else if (IsFolder(status)) {
    problem = "it is a folder";
  } else if (!IsRegular(status)) {
    problem = "it is not a regular file";
  }
  if (problem.empty()) return descriptor;
  CloseFile(descriptor);
  CannotRead(path, problem);
}

}  // namespace

InputFile::InputFile(const std::string& path) : InputFile(OpenRegular(path), path) {}

InputFile::InputFile(int descriptor, const std::string& path) : path_(path), descriptor_(descriptor) {
  seen_ = Look();
  is_settled_ = std::max(seen_.modified_ns, seen_.status_changed_ns) < NowNs() - kSettledNs;
}

InputFile::~InputFile() { CloseFile(descriptor_); }

InputFile::Seen InputFile::Look() const {
  Status status = {};
  if (!GetStatus(descriptor_, &status)) CannotRead(path_, ErrorText(errno));
  return {static_cast<std::size_t>(status.st_size), ModifiedNs(status), StatusChangedNs(status)};
}

void InputFile::Read(std::size_t begin, std::span<std::byte> out) const {
  OURO_CHECK(begin <= size() && out.size() <= size() - begin);
  while (!out.empty()) {
    const std::ptrdiff_t read = ReadSome(descriptor_, out.data(), out.size(), begin);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) CannotRead(path_, ErrorText(errno));
    if (read == 0) Changed(path_);
    begin += static_cast<std::size_t>(read);
    out = out.subspan(static_cast<std::size_t>(read));
  }
  if (Look() != seen_) Changed(path_);
}

bool InputFile::IsUntouched() const { return is_settled_ && Look() == seen_; }

std::unique_ptr<const ByteSource> InputFile::Again() const {
  const int descriptor = Duplicate(descriptor_);
  if (descriptor < 0) CannotRead(path_, ErrorText(errno));
  std::unique_ptr<const InputFile> again(new InputFile(descriptor, path_));
  if (again->size() != size()) return nullptr;
  return again;
}

}  // namespace ouroboros
