#include "files/tensor_file.h"

#include <array>
#include <cstring>

#include "base/sha256.h"
#include "files/format_error.h"
#include "files/gguf/gguf.h"
#include "files/safetensors/safetensors.h"
#include "files/torch/torch_file.h"

namespace ouroboros {
namespace {

constexpr std::size_t kGatheredElements = 1024;  // elements of a strided tensor made contiguous at a time

std::string_view Beginning(std::span<const std::byte> bytes) {
  constexpr std::size_t kShown = 32;
  const std::span<const std::byte> first = bytes.first(std::min(bytes.size(), kShown));
  return {reinterpret_cast<const char*>(first.data()), first.size()};
}

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

TensorTable Parse(std::span<const std::byte> bytes, const std::string& name) {
  if (LooksLikeGguf(bytes)) return ParseGguf(bytes, name);  // as a safetensors header it would be too long
  // The length of a safetensors header can begin like any other format, so what follows the length decides.
  constexpr std::size_t kHeaderBegin = 8;
  const std::string_view beginning = Beginning(bytes);
  if (beginning.size() > kHeaderBegin && beginning[kHeaderBegin] == '{') return ParseSafetensors(bytes, name);
  if (LooksLikeTorchFile(bytes)) return ParseTorchFile(bytes, name);
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
  return std::make_unique<TensorFile>(std::make_unique<MappedFile>(path), path);
}

std::unique_ptr<TensorFile> TensorFile::FromBytes(std::vector<std::byte> bytes, const std::string& name) {
  return std::make_unique<TensorFile>(std::move(bytes), name);
}

std::unique_ptr<TensorFile> TensorFile::OverBytes(std::span<const std::byte> bytes, const std::string& name) {
  return std::make_unique<TensorFile>(bytes, name);
}

TensorFile::TensorFile(Backing backing, std::string name)
    : backing_(std::move(backing)), name_(std::move(name)) {
  table_ = Parse(bytes(), name_);
  for (std::size_t i = 0; i < table_.infos.size(); ++i) index_.emplace(table_.infos[i].name, i);
}

std::span<const std::byte> TensorFile::bytes() const {
  if (const auto* mapped = std::get_if<std::unique_ptr<MappedFile>>(&backing_)) return (*mapped)->bytes();
  if (const auto* borrowed = std::get_if<std::span<const std::byte>>(&backing_)) return *borrowed;
  return std::get<std::vector<std::byte>>(backing_);
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

// Visits the elements in row-major order, in pieces that are contiguous: all at once, or gathered through the
// strides.
void TensorFile::ForEachChunk(
    std::size_t index, const Rows& rows,
    FunctionRef<void(std::size_t first, std::span<const std::byte> elements)> visit) const {
  const DType dtype = table_.infos.at(index).dtype;
  const std::vector<std::size_t>& strides = table_.places.at(index).strides;
  const std::size_t count = ElementCount(rows.shape).value_or(0);
  const std::span<const std::byte> file = bytes();
  if (count == 0) return;
  if (strides.empty()) return visit(0, file.subspan(rows.begin, DTypeBytes(dtype, count)));

  const std::size_t size = DTypeBytes(dtype, 1);
  std::array<std::byte, kGatheredElements * sizeof(std::int64_t)> gathered;
  std::size_t pending = 0, visited = 0;
  const auto flush = [&] {
    visit(visited, std::span<const std::byte>(gathered).first(pending * size));
    visited += pending;
    pending = 0;
  };
  ForEachRow(rows.shape, strides, [&](std::size_t offset) {
    for (std::size_t i = 0; i < rows.shape.back(); ++i) {
      const std::size_t element = offset + i * strides.back();
      std::memcpy(gathered.data() + pending * size, file.data() + rows.begin + element * size, size);
      if (++pending == kGatheredElements) flush();
    }
  });
  flush();
}

void TensorFile::RequireFloats(const TensorInfo& info) const {
  if (IsFloat(info.dtype)) return;
  RefuseFile(name_, "tensor " + Quoted(info.name) + " holds " + DTypeName(info.dtype) + ", not floats");
}

void TensorFile::ReadF32(std::size_t index, const Rows& rows, std::span<float> out) const {
  const TensorInfo& info = table_.infos.at(index);
  RequireFloats(info);
  OURO_CHECK(ElementCount(rows.shape) == out.size());
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

std::string TensorFile::Sha256() const { return Sha256Hex(bytes()); }

}  // namespace ouroboros
