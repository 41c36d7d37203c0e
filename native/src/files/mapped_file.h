// The bytes of one file, read-only: mapped where the platform can, else read into memory.
//
// Thread safety: immutable, share freely. Ownership: owns the mapping; bytes() lives as long as the object.
// A mapping follows the file: replace files by renaming over them (atomic_file.h does), never by truncating
// them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ouroboros {

class MappedFile {
 public:
  // `path` is UTF-8. Throws EngineError(kFile) where it is missing, unreadable or not a regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
  std::vector<std::byte> copy_;  // only where files cannot be mapped
};

}  // namespace ouroboros
