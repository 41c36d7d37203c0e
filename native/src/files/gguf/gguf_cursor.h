// Walks over the parts of a GGUF header in order, with every length checked against the bytes that are left.
// What is passed over is not read.
//
// Thread safety: one object, one thread. Ownership: keeps views of bytes and file name, which must outlive
// it; gives copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "files/byte_source.h"
#include "files/format_error.h"

namespace ouroboros {

// The type of a metadata value; numbers as in the file.
enum class GgufType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

class GgufCursor {
 public:
  GgufCursor(const ByteSource& bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  template <typename T>
  T Number() {
    T value;
    Take(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  // At most `bytes_max` long.
  std::string String(std::size_t bytes_max);
  GgufType Type() {
    const auto type = Number<std::uint32_t>();
    if (type > static_cast<std::uint32_t>(GgufType::kF64)) {
      RefuseFile(file_, "the metadata has a value of the unknown type " + std::to_string(type));
    }
    return static_cast<GgufType>(type);
  }
  // Passes over a value; arrays may nest so deep.
  void Skip(GgufType type, std::size_t depth_max = 4);

  std::size_t position() const { return position_; }

 private:
  // The length of a text; that many bytes are left.
  std::size_t TextSize(std::size_t bytes_max);
  void Require(std::size_t size) const;
  void Take(std::span<std::byte> out);
  void Pass(std::size_t size);

  const ByteSource& bytes_;
  const std::string& file_;
  std::size_t position_ = 0;
  // What was read ahead, from this place on.
  std::vector<std::byte> ahead_;
  std::size_t ahead_begin_ = 0;
};

struct GgufCounts {
  std::size_t tensors, entries;
};
// Takes magic, version and counts: the front of the file.
GgufCounts TakeGgufFront(GgufCursor& cursor, const std::string& file);
// Calls visit(key, type) for every metadata entry; visit takes the value off the cursor.
void ForEachGgufEntry(GgufCursor& cursor, std::size_t entries, const std::string& file,
                      FunctionRef<void(std::string_view key, GgufType type)> visit);

}  // namespace ouroboros
