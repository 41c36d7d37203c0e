// Bytes that can be read at any place: a file's (input_file.h), or some in memory.
//
// Thread safety: immutable, share freely. Ownership: readers get copies, so nothing that was read depends on
// the source any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ouroboros {

class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  virtual std::size_t size() const = 0;
  // Fills `out` with the bytes from `begin` on. Bug unless they lie inside. Throws EngineError: kFile where
  // they cannot be read, kChanged where they are not those of the time when this was opened.
  virtual void Read(std::size_t begin, std::span<std::byte> out) const = 0;

  // Whether the bytes are beyond doubt those of that time. Where they are not, only a hash can tell.
  virtual bool IsUntouched() const = 0;
  // The same source as it is now. Null where it has another size. Throws EngineError(kFile).
  virtual std::unique_ptr<const ByteSource> Again() const = 0;
};

// Bytes of the caller's, which must outlive it.
class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t size() const override { return bytes_.size(); }
  void Read(std::size_t begin, std::span<std::byte> out) const override;
  bool IsUntouched() const override { return true; }
  std::unique_ptr<const ByteSource> Again() const override { return std::make_unique<MemoryBytes>(bytes_); }

 private:
  std::span<const std::byte> bytes_;
};

// The first bytes, as many as there are, up to `bytes_max`: by these formats are told apart.
std::string ReadBeginning(const ByteSource& source, std::size_t bytes_max);
// bytes[begin, begin + size), or nothing where that is not inside the first `limit`.
std::optional<std::vector<std::byte>> ReadPart(const ByteSource& source, std::size_t limit,
                                               std::uint64_t begin, std::uint64_t size);
// sha256 of all bytes, lower-case hex.
std::string Sha256Of(const ByteSource& source);

}  // namespace ouroboros
