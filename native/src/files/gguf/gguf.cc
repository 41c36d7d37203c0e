#include "files/gguf/gguf.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "files/format_error.h"
#include "files/gguf/gguf_cursor.h"

namespace ouroboros {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::size_t kNameBytesMax = 255;                    // ggml itself takes 63
constexpr std::size_t kValueBytesMax = std::size_t{1} << 20;  // of a text that is kept: a chat template fits
constexpr std::size_t kRankMax = 4;
constexpr std::size_t kAlignmentDefault = 32;
constexpr std::size_t kAlignmentMax = std::size_t{1} << 20;

// ggml's number of a type, its name, and ours where it is read.
struct TypeRow {
  std::uint32_t number;
  const char* name;
  std::optional<DType> dtype;
};
constexpr std::array<TypeRow, 28> kTypes = {{{0, "F32", DType::kF32},
                                             {1, "F16", DType::kF16},
                                             {2, "Q4_0", DType::kQ4_0},
                                             {3, "Q4_1", {}},
                                             {6, "Q5_0", {}},
                                             {7, "Q5_1", {}},
                                             {8, "Q8_0", DType::kQ8_0},
                                             {9, "Q8_1", {}},
                                             {10, "Q2_K", {}},
                                             {11, "Q3_K", {}},
                                             {12, "Q4_K", {}},
                                             {13, "Q5_K", {}},
                                             {14, "Q6_K", DType::kQ6_K},
                                             {15, "Q8_K", {}},
                                             {16, "IQ2_XXS", {}},
                                             {17, "IQ2_XS", {}},
                                             {18, "IQ3_XXS", {}},
                                             {19, "IQ1_S", {}},
                                             {20, "IQ4_NL", {}},
                                             {21, "IQ3_S", {}},
                                             {22, "IQ2_S", {}},
                                             {23, "IQ4_XS", {}},
                                             {24, "I8", DType::kI8},
                                             {25, "I16", DType::kI16},
                                             {26, "I32", DType::kI32},
                                             {27, "I64", DType::kI64},
                                             {28, "F64", DType::kF64},
                                             {30, "BF16", DType::kBf16}}};

DType DTypeOf(std::uint32_t number, const std::string& tensor, const std::string& file) {
  const auto row = std::ranges::find(kTypes, number, &TypeRow::number);
  if (row != kTypes.end() && row->dtype) return *row->dtype;
  const std::string name = row == kTypes.end() ? "number " + std::to_string(number) : row->name;
  RefuseFile(file, "tensor " + Quoted(tensor) + " is stored as type " + name +
                       ", which is not read here; take a file in F16, BF16, Q8_0 or Q4_0");
}

template <typename Number>
std::string DecimalText(Number number) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

std::string ScalarText(GgufCursor& cursor, GgufType type) {
  switch (type) {
    case GgufType::kU8:
      return DecimalText(cursor.Number<std::uint8_t>());
    case GgufType::kI8:
      return DecimalText(static_cast<int>(cursor.Number<std::int8_t>()));
    case GgufType::kU16:
      return DecimalText(cursor.Number<std::uint16_t>());
    case GgufType::kI16:
      return DecimalText(cursor.Number<std::int16_t>());
    case GgufType::kU32:
      return DecimalText(cursor.Number<std::uint32_t>());
    case GgufType::kI32:
      return DecimalText(cursor.Number<std::int32_t>());
    case GgufType::kF32:
      return DecimalText(cursor.Number<float>());
    case GgufType::kBool:
      return cursor.Number<std::uint8_t>() == 0 ? "false" : "true";
    case GgufType::kU64:
      return DecimalText(cursor.Number<std::uint64_t>());
    case GgufType::kI64:
      return DecimalText(cursor.Number<std::int64_t>());
    case GgufType::kF64:
      return DecimalText(cursor.Number<double>());
    default:
      return cursor.String(kValueBytesMax);
  }
}

std::size_t AlignmentOf(const std::map<std::string, std::string>& metadata, const std::string& file) {
  const auto entry = metadata.find("general.alignment");
  if (entry == metadata.end()) return kAlignmentDefault;
  const std::string& text = entry->second;
  std::size_t alignment = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), alignment);
  if (error != std::errc() || end != text.data() + text.size() || alignment == 0 ||
      alignment > kAlignmentMax || (alignment & (alignment - 1)) != 0) {
    RefuseFile(file, "the alignment " + Quoted(text) + " is no power of two that is in use");
  }
  return alignment;
}

struct Entry {
  TensorInfo info;
  std::size_t begin, size;  // bytes, in the data section
};

Entry TakeTensor(GgufCursor& cursor, const std::string& file) {
  Entry entry = {{cursor.String(kNameBytesMax), DType::kF32, {}}, 0, 0};
  const std::string& name = entry.info.name;
  const auto rank = cursor.Number<std::uint32_t>();
  if (rank > kRankMax) RefuseFile(file, "tensor " + Quoted(name) + " has more than 4 dimensions");
  for (std::uint32_t d = 0; d < rank; ++d) {
    entry.info.shape.push_back(static_cast<std::size_t>(cursor.Number<std::uint64_t>()));
  }
  std::ranges::reverse(entry.info.shape);
  entry.info.dtype = DTypeOf(cursor.Number<std::uint32_t>(), name, file);
  entry.begin = static_cast<std::size_t>(cursor.Number<std::uint64_t>());
  const std::optional<std::size_t> count = ElementCount(entry.info.shape);
  if (!count) RefuseFile(file, "tensor " + Quoted(name) + " is too large");
  if (*count > 0 && (rank == 0 ? 1 : entry.info.shape.back()) % BlockElements(entry.info.dtype) != 0) {
    RefuseFile(file, "the rows of tensor " + Quoted(name) + " are no whole blocks of " +
                         DTypeName(entry.info.dtype));
  }
  entry.size = DTypeBytes(entry.info.dtype, *count);
  return entry;
}

std::size_t RoundUp(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// Entries are in the order of their data: each must begin where the one before ended, rounded up.
void CheckPlaces(const std::vector<Entry>& entries, std::size_t data_bytes, std::size_t alignment,
                 const std::string& file) {
  std::size_t end = 0;
  for (const Entry& entry : entries) {
    const std::string who = "tensor " + Quoted(entry.info.name);
    if (entry.begin % alignment != 0) RefuseFile(file, who + " is not aligned");
    if (entry.begin > data_bytes || entry.size > data_bytes - entry.begin) {
      RefuseFile(file, who + " lies outside the " + std::to_string(data_bytes) +
                           " bytes of data; is the file truncated?");
    }
    if (entry.begin < end) RefuseFile(file, who + " overlaps the tensor before it");
    if (entry.begin > RoundUp(end, alignment)) RefuseFile(file, "nothing owns the bytes before " + who);
    end = entry.begin + entry.size;
  }
  if (data_bytes - end >= alignment) {
    RefuseFile(file, std::to_string(data_bytes - end) + " bytes follow the last tensor");
  }
}

void RefuseParts(const std::map<std::string, std::string>& metadata, const std::string& file) {
  const auto parts = metadata.find("split.count");
  if (parts == metadata.end() || parts->second == "0" || parts->second == "1") return;
  RefuseFile(file, "this is one of " + parts->second +
                       " parts of a GGUF file; merge them with `llama-gguf-split --merge`");
}

// Looks for an array of this key and element type, and has `take` take its elements off the cursor.
template <typename Element>
std::optional<std::vector<Element>> FindArray(const ByteSource& bytes, const std::string& file,
                                              std::string_view wanted, GgufType element,
                                              Element (*take)(GgufCursor&)) {
  std::optional<std::vector<Element>> found;
  GgufCursor cursor(bytes, file);
  const GgufCounts counts = TakeGgufFront(cursor, file);
  ForEachGgufEntry(cursor, counts.entries, file, [&](std::string_view key, GgufType type) {
    if (key != wanted || type != GgufType::kArray) return cursor.Skip(type);
    GgufCursor ahead = cursor;
    cursor.Skip(type);  // every element is there, so that as many may be made room for
    if (ahead.Type() != element) return;
    const auto count = ahead.Number<std::uint64_t>();
    found.emplace();
    for (std::uint64_t i = 0; i < count; ++i) found->push_back(take(ahead));
  });
  return found;
}

}  // namespace

bool LooksLikeGguf(std::string_view beginning) { return beginning.starts_with(kMagic); }

TensorTable ParseGguf(const ByteSource& bytes, const std::string& file) {
  TensorTable table;
  table.format = FileFormat::kGguf;
  GgufCursor cursor(bytes, file);
  const GgufCounts counts = TakeGgufFront(cursor, file);
  ForEachGgufEntry(cursor, counts.entries, file, [&](std::string_view key, GgufType type) {
    if (type == GgufType::kArray) return cursor.Skip(type);
    table.metadata.emplace(key, ScalarText(cursor, type));
  });
  RefuseParts(table.metadata, file);

  std::vector<Entry> entries;
  std::set<std::string> names;
  for (std::size_t i = 0; i < counts.tensors; ++i) {
    entries.push_back(TakeTensor(cursor, file));
    const std::string& name = entries.back().info.name;
    if (!names.insert(name).second) RefuseFile(file, "the header names " + Quoted(name) + " twice");
  }
  const std::size_t alignment = AlignmentOf(table.metadata, file);
  const std::size_t data_begin = std::min(RoundUp(cursor.position(), alignment), bytes.size());
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.size < b.size;
  });
  CheckPlaces(entries, bytes.size() - data_begin, alignment, file);
  for (Entry& entry : entries) {
    table.infos.push_back(std::move(entry.info));
    table.places.push_back({data_begin + entry.begin, {}});
  }
  return table;
}

std::optional<std::vector<std::string>> GgufTexts(const ByteSource& bytes, const std::string& file,
                                                  std::string_view key) {
  return FindArray<std::string>(bytes, file, key, GgufType::kString,
                                [](GgufCursor& cursor) { return cursor.String(kValueBytesMax); });
}

std::optional<std::vector<std::int32_t>> GgufIntegers(const ByteSource& bytes, const std::string& file,
                                                      std::string_view key) {
  return FindArray<std::int32_t>(bytes, file, key, GgufType::kI32,
                                 [](GgufCursor& cursor) { return cursor.Number<std::int32_t>(); });
}

}  // namespace ouroboros
