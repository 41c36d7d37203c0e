#include "files/gguf/gguf_cursor.h"

#include <algorithm>
#include <set>

namespace ouroboros {
namespace {

constexpr std::size_t kTensorsMax = 100'000;
constexpr std::size_t kEntriesMax = 100'000;
constexpr std::size_t kKeyBytesMax = 65'535;                 // by the specification
constexpr std::size_t kTextBytesMax = std::size_t{1} << 30;  // of a text that is only passed over
constexpr std::size_t kReadAhead = std::size_t{64} << 10;

std::size_t FixedSize(GgufType type) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kI8:
    case GgufType::kBool:
      return 1;
    case GgufType::kU16:
    case GgufType::kI16:
      return 2;
    case GgufType::kU32:
    case GgufType::kI32:
    case GgufType::kF32:
      return 4;
    case GgufType::kU64:
    case GgufType::kI64:
    case GgufType::kF64:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

void GgufCursor::Require(std::size_t size) const {
  if (size > bytes_.size() - position_) RefuseFile(file_, "truncated: the header is not complete");
}

void GgufCursor::Pass(std::size_t size) {
  Require(size);
  position_ += size;
}

void GgufCursor::Take(std::span<std::byte> out) {
  Require(out.size());
  const std::size_t begin = position_;
  position_ += out.size();
  if (out.size() >= kReadAhead) return bytes_.Read(begin, out);
  if (begin < ahead_begin_ || position_ > ahead_begin_ + ahead_.size()) {
    ahead_.resize(std::min(kReadAhead, bytes_.size() - begin));
    ahead_begin_ = begin;
    bytes_.Read(begin, ahead_);
  }
  std::ranges::copy(std::span(ahead_).subspan(begin - ahead_begin_, out.size()), out.begin());
}

std::size_t GgufCursor::TextSize(std::size_t bytes_max) {
  const auto size = Number<std::uint64_t>();
  if (size > bytes_max) RefuseFile(file_, "a text in the header is too long");
  Require(static_cast<std::size_t>(size));
  return static_cast<std::size_t>(size);
}

std::string GgufCursor::String(std::size_t bytes_max) {
  std::string text(TextSize(bytes_max), '\0');
  Take(std::as_writable_bytes(std::span(text)));
  return text;
}

void GgufCursor::Skip(GgufType type, std::size_t depth_max) {
  if (type == GgufType::kString) {
    Pass(TextSize(kTextBytesMax));
  } else if (type != GgufType::kArray) {
    Pass(FixedSize(type));
  } else {
    if (depth_max == 0) RefuseFile(file_, "arrays of the metadata are nested too deep");
    const GgufType element = Type();
    const auto count = Number<std::uint64_t>();
    const std::size_t size = FixedSize(element);
    if (count > bytes_.size()) RefuseFile(file_, "truncated: the header is not complete");
    if (size > 0) {
      Pass(static_cast<std::size_t>(count) * size);
      return;
    }
    for (std::uint64_t i = 0; i < count; ++i) Skip(element, depth_max - 1);
  }
}

GgufCounts TakeGgufFront(GgufCursor& cursor, const std::string& file) {
  cursor.Number<std::uint32_t>();  // "GGUF"
  const auto version = cursor.Number<std::uint32_t>();
  if ((version & 0xffffu) == 0) RefuseFile(file, "a big-endian GGUF file is not read here");
  if (version < 2 || version > 3) {
    RefuseFile(file, "GGUF version " + std::to_string(version) + " is not read here, only 2 and 3");
  }
  const auto tensors = cursor.Number<std::uint64_t>(), entries = cursor.Number<std::uint64_t>();
  if (tensors > kTensorsMax || entries > kEntriesMax) {
    RefuseFile(file, "the header announces too many tensors or entries");
  }
  return {static_cast<std::size_t>(tensors), static_cast<std::size_t>(entries)};
}

void ForEachGgufEntry(GgufCursor& cursor, std::size_t entries, const std::string& file,
                      FunctionRef<void(std::string_view key, GgufType type)> visit) {
  std::set<std::string> keys;
  for (std::size_t i = 0; i < entries; ++i) {
    const std::string key = cursor.String(kKeyBytesMax);
    if (!keys.insert(key).second) RefuseFile(file, "the metadata names " + Quoted(key) + " twice");
    visit(key, cursor.Type());
  }
}

}  // namespace ouroboros
