#include "files/tensor_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "files/format_error.h"
#include "files/gguf/gguf.h"
#include "files/input_file.h"
#include "files/safetensors/safetensors.h"
#include "files/torch/torch_file.h"

namespace ouroboros {
namespace {

constexpr std::size_t kBeginningBytes = 32;
// Read and converted at a time: stays in the processor's caches.
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
// A strided tensor is read with all that lies between its elements: a part of a larger one, or a matrix
// turned on its side. One that is spread wider could ask for any amount of memory.
constexpr std::size_t kSpreadMax = 64;
constexpr std::size_t kSpreadElementsFree = std::size_t{1} << 20;

// Files that people do pass in by mistake deserve a better answer than "malformed".
[[noreturn]] void RefuseStranger(std::string_view beginning, const std::string& name) {
  if (beginning.empty()) RefuseFile(name, "the file is empty");
  if (beginning.starts_with("version https://git-lfs")) {
    RefuseFile(name, "this is a Git LFS pointer, not the model; fetch the file itself");
  }
  if (beginning.starts_with("\x80")) {
    RefuseFile(name, "a bare pickle is not read here; save the model with torch.save");
  }
  RefuseFile(name, "neither a safetensors file nor one from torch.save, nor GGUF");
}

TensorTable Parse(const ByteSource& bytes, const std::string& name) {
  const std::string beginning = ReadBeginning(bytes, kBeginningBytes);
  if (LooksLikeGguf(beginning))
    return ParseGguf(bytes, name);  // as a safetensors header it would be too long
  // The length of a safetensors header can begin like any other format, so what follows the length decides.
  constexpr std::size_t kHeaderBegin = 8;
  if (beginning.size() > kHeaderBegin && beginning[kHeaderBegin] == '{') return ParseSafetensors(bytes, name);
  if (LooksLikeTorchFile(beginning)) return ParseTorchFile(bytes, name);
  RefuseStranger(beginning, name);
}

// Calls run(offset) for the element offset of every innermost row of a strided tensor, in row-major order.
// shape has at least one dimension and no zero.
template <typename Run>
void ForEachRow(std::span<const std::size_t> shape, std::span<const std::size_t> strides, Run run) {
  std::vector<std::size_t> counters(shape.size() - 1, 0);
  std::size_t offset = 0;
  for (;;) {
    run(offset);
    std::size_t d = counters.size();
    for (; d > 0; --d) {
      offset += strides[d - 1];
      if (++counters[d - 1] < shape[d - 1]) break;
      offset -= counters[d - 1] * strides[d - 1];
      counters[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

}  // namespace

std::unique_ptr<TensorFile> TensorFile::Open(const std::string& path) {
  return std::make_unique<TensorFile>(std::make_unique<InputFile>(path), path);
}

std::unique_ptr<TensorFile> TensorFile::OverBytes(std::span<const std::byte> bytes, const std::string& name) {
  return std::make_unique<TensorFile>(std::make_unique<MemoryBytes>(bytes), name);
}

TensorFile::TensorFile(std::unique_ptr<const ByteSource> bytes, std::string name)
    : bytes_(std::move(bytes)), name_(std::move(name)) {
  table_ = Parse(*bytes_, name_);
  for (std::size_t i = 0; i < table_.infos.size(); ++i) index_.emplace(table_.infos[i].name, i);
}

std::optional<std::size_t> TensorFile::Find(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

// A run of entries of a tensor's outermost dimension, as a tensor of its own.
struct TensorFile::Rows {
  std::vector<std::size_t> shape;
  std::size_t begin;  // byte offset in the file
};

TensorFile::Rows TensorFile::AllRows(std::size_t index) const {
  return {table_.infos.at(index).shape, table_.places.at(index).begin};
}

// As many rows as have so many elements.
TensorFile::Rows TensorFile::SomeRows(std::size_t index, std::size_t first_row, std::size_t elements) const {
  Rows rows = AllRows(index);
  const std::vector<std::size_t>& strides = table_.places.at(index).strides;
  OURO_CHECK(!rows.shape.empty());
  const std::size_t row_count = rows.shape.front();
  rows.shape.front() = 1;
  const std::size_t row_size = ElementCount(rows.shape).value_or(0);
  OURO_CHECK(row_size > 0 && elements % row_size == 0);
  rows.shape.front() = elements / row_size;
  OURO_CHECK(first_row <= row_count && rows.shape.front() <= row_count - first_row);
  rows.begin +=
      DTypeBytes(table_.infos.at(index).dtype, first_row * (strides.empty() ? row_size : strides.front()));
  return rows;
}

// The elements of a strided tensor, one behind the other.
std::vector<std::byte> TensorFile::Gathered(std::size_t index, const Rows& rows) const {
  const std::vector<std::size_t>& strides = table_.places.at(index).strides;
  const std::size_t size = DTypeBytes(table_.infos.at(index).dtype, 1);
  const std::size_t count = ElementCount(rows.shape).value_or(0);
  std::size_t spread = 1;
  for (std::size_t d = 0; d < strides.size(); ++d) spread += (rows.shape[d] - 1) * strides[d];
  if (spread > kSpreadElementsFree && spread / kSpreadMax > count) {
    RefuseFile(name_, "the elements of tensor " + Quoted(table_.infos.at(index).name) +
                          " lie too far apart; save it with .contiguous()");
  }
  std::vector<std::byte> all(spread * size), gathered(count * size);
  bytes_->Read(rows.begin, all);
  std::byte* to = gathered.data();
  ForEachRow(rows.shape, strides, [&](std::size_t offset) {
    for (std::size_t i = 0; i < rows.shape.back(); ++i, to += size) {
      std::memcpy(to, all.data() + (offset + i * strides.back()) * size, size);
    }
  });
  return gathered;
}

// Visits the elements in row-major order, in pieces that are contiguous and whole blocks.
void TensorFile::ForEachChunk(
    std::size_t index, const Rows& rows,
    FunctionRef<void(std::size_t first, std::span<const std::byte> elements)> visit) const {
  const DType dtype = table_.infos.at(index).dtype;
  const std::size_t count = ElementCount(rows.shape).value_or(0);
  if (count == 0) return;
  if (!IsRowMajor(index)) return visit(0, Gathered(index, rows));

  std::array<std::byte, kChunkBytes> chunk;
  const std::size_t block = BlockElements(dtype), block_bytes = DTypeBytes(dtype, block);
  const std::size_t at_once = kChunkBytes / block_bytes * block;
  for (std::size_t first = 0; first < count; first += at_once) {
    const std::size_t size = DTypeBytes(dtype, std::min(at_once, count - first));
    const std::span<std::byte> elements = std::span(chunk).first(size);
    bytes_->Read(rows.begin + DTypeBytes(dtype, first), elements);
    visit(first, elements);
  }
}

void TensorFile::RequireFloats(const TensorInfo& info) const {
  if (IsFloat(info.dtype)) return;
  RefuseFile(name_, "tensor " + Quoted(info.name) + " holds " + DTypeName(info.dtype) + ", not floats");
}

void TensorFile::ReadF32(std::size_t index, const Rows& rows, std::span<float> out) const {
  const TensorInfo& info = table_.infos.at(index);
  RequireFloats(info);
  OURO_CHECK(ElementCount(rows.shape) == out.size());
  if (info.dtype == DType::kF32 && IsRowMajor(index)) {
    return bytes_->Read(rows.begin, std::as_writable_bytes(out));
  }
  ForEachChunk(index, rows, [&](std::size_t first, std::span<const std::byte> elements) {
    WidenToF32(info.dtype, elements, out.subspan(first, DTypeElements(info.dtype, elements.size())));
  });
}

void TensorFile::ReadF32(std::size_t index, std::span<float> out) const {
  ReadF32(index, AllRows(index), out);
}

void TensorFile::ReadRowsF32(std::size_t index, std::size_t first_row, std::span<float> out) const {
  ReadF32(index, SomeRows(index, first_row, out.size()), out);
}

void TensorFile::ReadI64(std::size_t index, std::span<std::int64_t> out) const {
  const TensorInfo& info = table_.infos.at(index);
  if (IsFloat(info.dtype))
    RefuseFile(name_, "tensor " + Quoted(info.name) + " holds " + DTypeName(info.dtype) + ", not integers");
  OURO_CHECK(ElementCount(info.shape) == out.size());
  ForEachChunk(index, AllRows(index), [&](std::size_t first, std::span<const std::byte> elements) {
    WidenToI64(info.dtype, elements, out.subspan(first, DTypeElements(info.dtype, elements.size())));
  });
}

void TensorFile::ReadBytes(std::size_t index, const Rows& rows, std::span<std::byte> out) const {
  const TensorInfo& info = table_.infos.at(index);
  OURO_CHECK(DTypeBytes(info.dtype, ElementCount(rows.shape).value_or(0)) == out.size());
  if (IsRowMajor(index)) return bytes_->Read(rows.begin, out);
  ForEachChunk(index, rows, [&](std::size_t first, std::span<const std::byte> elements) {
    std::memcpy(out.data() + DTypeBytes(info.dtype, first), elements.data(), elements.size());
  });
}

void TensorFile::ReadBytes(std::size_t index, std::span<std::byte> out) const {
  ReadBytes(index, AllRows(index), out);
}

void TensorFile::ReadRowBytes(std::size_t index, std::size_t first_row, std::span<std::byte> out) const {
  RequireFloats(table_.infos.at(index));
  const std::size_t elements = DTypeElements(table_.infos.at(index).dtype, out.size());
  ReadBytes(index, SomeRows(index, first_row, elements), out);
}

}  // namespace ouroboros
