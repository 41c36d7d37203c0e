// A regular file, open for reading by place.
//
// Files are not mapped: a mapping follows the file, so that a program that cuts it short ends this process by
// a signal, and one that writes into it changes weights that are in use. What is read is copied; a read that
// falls short is an error; and after every read the system is asked whether the file is still the one that
// was opened. The open file is read to the end, whatever its path names by then: replacing it by renaming
// another one over it disturbs nobody.
//
// Whether it is the same: device and inode are those of the open file; size, time of change and time of the
// change of its status must be those of the time when it was opened. A program can change bytes and leave all
// of that only by a shared mapping that it has open for writing beforehand.
// Thread safety: immutable, share freely.
#pragma once

#include <cstdint>
#include <string>

#include "files/byte_source.h"

namespace ouroboros {

class InputFile final : public ByteSource {
 public:
  // `path` is UTF-8. Throws EngineError(kFile) where it is missing, unreadable or not a regular file.
  explicit InputFile(const std::string& path);
  ~InputFile() override;

  std::size_t size() const override { return seen_.size; }
  void Read(std::size_t begin, std::span<std::byte> out) const override;
  bool IsUntouched() const override;
  std::unique_ptr<const ByteSource> Again() const override;

 private:
  // What the system says of the file.
  struct Seen {
    std::size_t size;
    std::int64_t modified_ns, status_changed_ns;
    bool operator==(const Seen&) const = default;
  };
  InputFile(int descriptor, const std::string& path);
  Seen Look() const;

  const std::string path_;
  const int descriptor_;
  Seen seen_{};
  // Clocks of file systems tick in milliseconds, some in seconds: what was written just before the file was
  // opened may look like what was written just after.
  bool is_settled_ = false;
};

}  // namespace ouroboros
