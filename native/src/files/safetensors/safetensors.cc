#include "files/safetensors/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "files/format_error.h"
#include "files/safetensors/json_header.h"

namespace ouroboros {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kHeaderBytesMax = 100'000'000;  // as the reference implementation
constexpr std::size_t kRankMax = 16;
constexpr const char* kMetadataKey = "__metadata__";

struct Entry {
  TensorInfo info;
  std::size_t begin, end;  // byte offsets in the data section
};

void ReadMetadata(JsonCursor& cursor, const std::string& file, std::map<std::string, std::string>& metadata) {
  cursor.Expect('{');
  if (cursor.Accept('}')) return;
  do {
    std::string key = cursor.String();
    cursor.Expect(':');
    if (!metadata.emplace(key, cursor.String()).second) {
      RefuseFile(file, "the metadata names " + Quoted(key) + " twice");
    }
  } while (cursor.Accept(','));
  cursor.Expect('}');
}

std::vector<std::size_t> ReadNumbers(JsonCursor& cursor, std::size_t count_max, const std::string& file) {
  std::vector<std::size_t> numbers;
  cursor.Expect('[');
  if (cursor.Accept(']')) return numbers;
  do {
    if (numbers.size() == count_max) {
      RefuseFile(file, "the header has a list of more than " + std::to_string(count_max) + " numbers");
    }
    numbers.push_back(cursor.Unsigned());
  } while (cursor.Accept(','));
  cursor.Expect(']');
  return numbers;
}

DType ReadDType(JsonCursor& cursor, const std::string& tensor, const std::string& file) {
  const std::string name = cursor.String();
  const std::optional<DType> dtype = DTypeFromName(name);
  if (!dtype)
    RefuseFile(file,
               "tensor " + Quoted(tensor) + " has the dtype " + Quoted(name) + ", which is not read here");
  return *dtype;
}

Entry ReadEntry(JsonCursor& cursor, std::string name, const std::string& file) {
  Entry entry = {{std::move(name), DType::kF32, {}}, 0, 0};
  std::set<std::string> seen;
  cursor.Expect('{');
  do {
    const std::string key = cursor.String();
    cursor.Expect(':');
    if (key == "dtype") {
      entry.info.dtype = ReadDType(cursor, entry.info.name, file);
    } else if (key == "shape") {
      entry.info.shape = ReadNumbers(cursor, kRankMax, file);
    } else if (key == "data_offsets") {
      const std::vector<std::size_t> offsets = ReadNumbers(cursor, 2, file);
      if (offsets.size() != 2)
        RefuseFile(file, "tensor " + Quoted(entry.info.name) + " needs two data offsets");
      entry.begin = offsets[0];
      entry.end = offsets[1];
    } else {
      RefuseFile(file, "tensor " + Quoted(entry.info.name) + " has the unknown field " + Quoted(key));
    }
    if (!seen.insert(key).second)
      RefuseFile(file, "tensor " + Quoted(entry.info.name) + " names a field twice");
  } while (cursor.Accept(','));
  cursor.Expect('}');
  if (seen.size() != 3) {
    RefuseFile(file, "tensor " + Quoted(entry.info.name) + " lacks its dtype, shape or data_offsets");
  }
  return entry;
}

std::vector<Entry> ReadHeader(std::string_view header, const std::string& file,
                              std::map<std::string, std::string>& metadata) {
  std::vector<Entry> entries;
  std::set<std::string> names;
  JsonCursor cursor(header, file);
  cursor.Expect('{');
  if (cursor.Accept('}')) {
    cursor.ExpectEnd();
    return entries;
  }
  do {
    std::string name = cursor.String();
    cursor.Expect(':');
    if (!names.insert(name).second) RefuseFile(file, "the header names " + Quoted(name) + " twice");
    if (name == kMetadataKey) {
      ReadMetadata(cursor, file, metadata);
    } else {
      entries.push_back(ReadEntry(cursor, std::move(name), file));
    }
  } while (cursor.Accept(','));
  cursor.Expect('}');
  cursor.ExpectEnd();
  return entries;
}

// Entries are in the order of their data: each must begin where the one before ended, and the last ends the
// file.
void CheckOffsets(const std::vector<Entry>& entries, std::size_t data_bytes, const std::string& file) {
  std::size_t end = 0;
  for (const Entry& entry : entries) {
    const std::string who = "tensor " + Quoted(entry.info.name);
    if (entry.begin > entry.end || entry.end > data_bytes) {
      RefuseFile(file, who + " has data offsets " + std::to_string(entry.begin) + " to " +
                           std::to_string(entry.end) + ", outside the " + std::to_string(data_bytes) +
                           " bytes of data; is the file truncated?");
    }
    const std::optional<std::size_t> count = ElementCount(entry.info.shape);
    if (!count || DTypeBytes(entry.info.dtype, *count) != entry.end - entry.begin) {
      RefuseFile(file, who + " has " + std::to_string(entry.end - entry.begin) +
                           " bytes, which its shape and dtype contradict");
    }
    if (entry.begin < end) RefuseFile(file, who + " overlaps the tensor before it");
    if (entry.begin > end) RefuseFile(file, "nothing owns the bytes before " + who);
    end = entry.end;
  }
  if (end != data_bytes) RefuseFile(file, std::to_string(data_bytes - end) + " bytes follow the last tensor");
}

}  // namespace

TensorTable ParseSafetensors(const ByteSource& bytes, const std::string& file) {
  if (bytes.size() < kLengthBytes) RefuseFile(file, "too short for a safetensors file");
  std::uint64_t header_bytes = 0;
  bytes.Read(0, std::as_writable_bytes(std::span(&header_bytes, 1)));
  if (header_bytes > kHeaderBytesMax) {
    RefuseFile(file, "not a safetensors file, or one with a header of more than " +
                         std::to_string(kHeaderBytesMax) + " bytes");
  }
  if (header_bytes > bytes.size() - kLengthBytes) {
    RefuseFile(file, "truncated: the header should have " + std::to_string(header_bytes) + " bytes");
  }
  const std::size_t data_begin = kLengthBytes + static_cast<std::size_t>(header_bytes);
  std::string header(static_cast<std::size_t>(header_bytes), '\0');
  bytes.Read(kLengthBytes, std::as_writable_bytes(std::span(header)));

  TensorTable table;
  std::vector<Entry> entries = ReadHeader(header, file, table.metadata);
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  CheckOffsets(entries, bytes.size() - data_begin, file);
  table.infos.reserve(entries.size());
  table.places.reserve(entries.size());
  for (Entry& entry : entries) {
    table.infos.push_back(std::move(entry.info));
    table.places.push_back({data_begin + entry.begin, {}});
  }
  return table;
}

}  // namespace ouroboros
