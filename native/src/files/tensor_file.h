// A file of named tensors, whatever its format: safetensors, GGUF, or what torch.save writes (.pth). The
// only door.
//
// Everything about the layout is checked when the file is opened; values are not (NaN passes: the model
// loader looks). Thread safety: immutable, share freely. Ownership: keeps the file open while it lives;
// readers get copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "files/byte_source.h"
#include "files/dtype.h"
#include "files/tensor_table.h"

namespace ouroboros {

class TensorFile {
 public:
  // Tells formats apart by content, not by name. Throws EngineError: kFile where it cannot be read, kFormat
  // where it is truncated, malformed, hostile, or of a format that is not read here. All that read throw
  // kFile and kChanged (byte_source.h).
  static std::unique_ptr<TensorFile> Open(const std::string& path);
  // The same for bytes of the caller's, which must outlive it; `name` stands for the file in messages.
  static std::unique_ptr<TensorFile> OverBytes(std::span<const std::byte> bytes, const std::string& name);

  // For the two above.
  TensorFile(std::unique_ptr<const ByteSource> bytes, std::string name);

  // In the order of the file. Names are unique.
  const std::vector<TensorInfo>& tensors() const { return table_.infos; }
  FileFormat format() const { return table_.format; }
  // safetensors' `__metadata__`; GGUF's texts and numbers, not its arrays; empty for .pth.
  const std::map<std::string, std::string>& metadata() const { return table_.metadata; }
  // The index of the tensor of this name.
  std::optional<std::size_t> Find(std::string_view name) const;
  // Whether its elements lie in the file as they are read: if not, reading it in parts costs as much as
  // reading all of it each time.
  bool IsRowMajor(std::size_t index) const { return table_.places.at(index).strides.empty(); }

  // Copies a tensor out, row-major; out holds exactly its elements. The dtype must be a float (ReadF32; f64
  // is rounded to nearest, all others are exact) or an integer (ReadI64): anything else throws
  // EngineError(kFormat).
  void ReadF32(std::size_t index, std::span<float> out) const;
  void ReadI64(std::size_t index, std::span<std::int64_t> out) const;
  // ReadF32 of a part: whole rows (entries of the outermost dimension), as many as out has room for.
  void ReadRowsF32(std::size_t index, std::size_t first_row, std::span<float> out) const;
  // The stored little-endian elements, row-major; out holds exactly DTypeBytes of them.
  void ReadBytes(std::size_t index, std::span<std::byte> out) const;
  // ReadBytes of whole rows of a float dtype, as many as out has room for; another dtype throws as ReadF32.
  void ReadRowBytes(std::size_t index, std::size_t first_row, std::span<std::byte> out) const;

  // The hash of the file's bytes, lower-case hex. Reads the whole file on every call.
  std::string Sha256() const { return Sha256Of(*bytes_); }

  const ByteSource& bytes() const { return *bytes_; }
  // Reads from now on from this source of the same bytes.
  void ReadFrom(std::unique_ptr<const ByteSource> bytes) { bytes_ = std::move(bytes); }

 private:
  struct Rows;
  Rows AllRows(std::size_t index) const;
  Rows SomeRows(std::size_t index, std::size_t first_row, std::size_t elements) const;
  void ForEachChunk(std::size_t index, const Rows& rows,
                    FunctionRef<void(std::size_t first, std::span<const std::byte> elements)> visit) const;
  std::vector<std::byte> Gathered(std::size_t index, const Rows& rows) const;
  void ReadF32(std::size_t index, const Rows& rows, std::span<float> out) const;
  void ReadBytes(std::size_t index, const Rows& rows, std::span<std::byte> out) const;
  void RequireFloats(const TensorInfo& info) const;

  std::unique_ptr<const ByteSource> bytes_;
  std::string name_;
  TensorTable table_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace ouroboros
