#include "files/mapped_file.h"

#include <system_error>

#include "base/error.h"

#if defined(_WIN32)
#include <filesystem>
#include <fstream>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace ouroboros {
namespace {

[[noreturn]] void CannotRead(const std::string& path, const std::string& reason) {
  throw EngineError(ErrorCode::kFile, path + ": cannot be read: " + reason);
}

}  // namespace

#if defined(_WIN32)

MappedFile::MappedFile(const std::string& path) {
  const std::filesystem::path file(std::u8string(path.begin(), path.end()));
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) CannotRead(path, error.message());
  if (!std::filesystem::is_regular_file(file, error)) CannotRead(path, "not a regular file");
  copy_.resize(static_cast<std::size_t>(size));
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(copy_.data()), static_cast<std::streamsize>(size));
  if (!stream) CannotRead(path, "reading stopped before its end");
  bytes_ = copy_;
}

MappedFile::~MappedFile() = default;

#else

namespace {

std::string ErrorText(int error) { return std::generic_category().message(error); }

// Closes the descriptor on every way out; a mapping outlives it.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value() < 0) CannotRead(path, ErrorText(errno));
  struct stat status = {};
  if (fstat(file.value(), &status) != 0) CannotRead(path, ErrorText(errno));
  if (S_ISDIR(status.st_mode)) CannotRead(path, "it is a folder");
  if (!S_ISREG(status.st_mode)) CannotRead(path, "it is not a regular file");
  if (status.st_size == 0) return;  // an empty mapping is an error, an empty file is not
  const std::size_t size = static_cast<std::size_t>(status.st_size);
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value(), 0);
  if (address == MAP_FAILED) CannotRead(path, ErrorText(errno));
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

#endif

}  // namespace ouroboros
