// Replaces a file as a whole: temporary file in the same folder, fsync, rename over the target, fsync of the
// folder. After a crash at any moment the target holds its old bytes or all the new ones.
//
// Thread safety: one object, one thread; two writers of the same target do not disturb each other, the last
// one wins.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace ouroboros {

class AtomicFile {
 public:
  // Creates the temporary file. All calls throw EngineError(kFile) naming the target where the system
  // refuses.
  explicit AtomicFile(const std::string& path);
  // Removes the temporary file unless Commit succeeded.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::span<const std::byte> bytes);
  void Commit();

 private:
  [[noreturn]] void Fail(const char* what);

  std::string path_;
  std::string temporary_path_;
  int descriptor_ = -1;
};

}  // namespace ouroboros
