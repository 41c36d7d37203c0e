#include "files/torch/zip_archive.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "files/format_error.h"

namespace ouroboros {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50,
                        kEndSignature = 0x06054b50;
constexpr std::uint32_t kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr std::size_t kCommentMax = 0xffff;
constexpr std::size_t kEntriesMax = 1 << 17;
constexpr std::size_t kDirectoryBytesMax = std::size_t{64} << 20;  // of entries with names of 400 bytes
constexpr std::uint16_t kZip64ExtraId = 1;
constexpr std::uint64_t kIn64 = 0xffffffff;  // stands where the true value is in the zip64 extra field

template <typename Number>
Number Load(Bytes bytes, std::size_t offset) {
  OURO_CHECK(offset <= bytes.size() && sizeof(Number) <= bytes.size() - offset);
  Number value;
  std::memcpy(&value, bytes.data() + offset, sizeof(Number));
  return value;
}
std::uint16_t Load16(Bytes bytes, std::size_t offset) { return Load<std::uint16_t>(bytes, offset); }
std::uint32_t Load32(Bytes bytes, std::size_t offset) { return Load<std::uint32_t>(bytes, offset); }
std::uint64_t Load64(Bytes bytes, std::size_t offset) { return Load<std::uint64_t>(bytes, offset); }

// bytes[offset, offset + size), or nothing where that is not inside.
std::optional<Bytes> Part(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

std::string_view Text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

struct Directory {
  std::uint64_t entries, size, begin;
};

// The last bytes of the file: what the end record and the locator before it may lie in.
struct Tail {
  std::vector<std::byte> bytes;
  std::size_t begin;
};

Tail ReadTail(const ByteSource& bytes) {
  const std::size_t size = std::min(bytes.size(), kLocator64Size + kEndSize + kCommentMax);
  Tail tail = {std::vector<std::byte>(size), bytes.size() - size};
  bytes.Read(tail.begin, tail.bytes);
  return tail;
}

// The end record is the last thing in the file but for a comment of its stated length. Its place in the tail.
std::size_t FindEnd(Bytes tail, const std::string& file) {
  if (tail.size() >= kEndSize) {
    const std::size_t last = tail.size() - kEndSize;
    for (std::size_t comment = 0; comment <= std::min(last, kCommentMax); ++comment) {
      const std::size_t end = last - comment;
      if (Load32(tail, end) == kEndSignature && Load16(tail, end + 20) == comment) return end;
    }
  }
  RefuseFile(file, "truncated: a zip archive without its directory");
}

Directory FindDirectory(const ByteSource& bytes, const std::string& file) {
  const Tail read = ReadTail(bytes);
  const Bytes tail = read.bytes;
  const std::size_t end = FindEnd(tail, file);
  if (end >= kLocator64Size && Load32(tail, end - kLocator64Size) == kLocator64Signature) {
    const std::uint64_t end64 = Load64(tail, end - kLocator64Size + 8);
    const auto record = ReadPart(bytes, bytes.size(), end64, kEnd64Size);
    if (!record || Load32(*record, 0) != kEnd64Signature)
      RefuseFile(file, "the zip64 directory is not where it should be");
    if (Load32(*record, 16) != 0 || Load32(*record, 20) != 0)
      RefuseFile(file, "an archive in several parts is not read here");
    return {Load64(*record, 32), Load64(*record, 40), Load64(*record, 48)};
  }
  if (Load16(tail, end + 4) != 0 || Load16(tail, end + 6) != 0) {
    RefuseFile(file, "an archive in several parts is not read here");
  }
  return {Load16(tail, end + 10), Load32(tail, end + 12), Load32(tail, end + 16)};
}

struct CentralEntry {
  std::string name;
  std::uint64_t stored_size, size, local_begin;
};

// Replaces the values that are marked as too large for 32 bits by those of the zip64 extra field, in this
// fixed order.
void ApplyZip64(Bytes extra, CentralEntry& entry, const std::string& file) {
  std::uint64_t* const fields[] = {&entry.size, &entry.stored_size, &entry.local_begin};
  while (extra.size() >= 4) {
    const std::optional<Bytes> field = Part(extra, 4, Load16(extra, 2));
    if (!field) break;
    if (Load16(extra, 0) == kZip64ExtraId) {
      std::size_t offset = 0;
      for (std::uint64_t* value : fields) {
        if (*value != kIn64) continue;
        if (!Part(*field, offset, 8))
          RefuseFile(file, "entry " + Quoted(entry.name) + " has a short zip64 field");
        *value = Load64(*field, offset);
        offset += 8;
      }
      return;
    }
    extra = extra.subspan(4 + field->size());
  }
}

// Takes one entry off the front of the directory.
CentralEntry TakeEntry(Bytes& directory, const std::string& file) {
  if (directory.size() < kCentralSize || Load32(directory, 0) != kCentralSignature) {
    RefuseFile(file, "the zip directory is damaged");
  }
  const std::uint16_t flags = Load16(directory, 8), method = Load16(directory, 10);
  const std::size_t name_size = Load16(directory, 28), extra_size = Load16(directory, 30);
  const std::size_t comment_size = Load16(directory, 32);
  const std::optional<Bytes> rest = Part(directory, kCentralSize, name_size + extra_size + comment_size);
  if (!rest) RefuseFile(file, "the zip directory is damaged");
  CentralEntry entry = {std::string(Text(rest->first(name_size))), Load32(directory, 20),
                        Load32(directory, 24), Load32(directory, 42)};
  if ((flags & 1) != 0) RefuseFile(file, "entry " + Quoted(entry.name) + " is encrypted");
  if (method != 0)
    RefuseFile(file, "entry " + Quoted(entry.name) + " is compressed, which torch.save never does");
  ApplyZip64(rest->subspan(name_size, extra_size), entry, file);
  if (entry.stored_size != entry.size)
    RefuseFile(file, "entry " + Quoted(entry.name) + " has two different sizes");
  directory = directory.subspan(kCentralSize + rest->size());
  return entry;
}

// Where the bytes of an entry lie: after its local header, before the directory.
ZipEntry Locate(const ByteSource& bytes, std::size_t directory_begin, const CentralEntry& entry,
                const std::string& file) {
  const auto header = ReadPart(bytes, directory_begin, entry.local_begin, kLocalSize);
  if (!header || Load32(*header, 0) != kLocalSignature) {
    RefuseFile(file, "entry " + Quoted(entry.name) + " does not lie where the directory says");
  }
  const std::size_t name_begin = static_cast<std::size_t>(entry.local_begin) + kLocalSize;
  const std::size_t name_size = Load16(*header, 26), extra_size = Load16(*header, 28);
  const auto name = ReadPart(bytes, directory_begin, name_begin, name_size);
  if (!name || Text(*name) != entry.name)
    RefuseFile(file, "entry " + Quoted(entry.name) + " has two different names");
  const std::size_t begin = name_begin + name_size + extra_size;
  if (begin > directory_begin || entry.size > directory_begin - begin) {
    RefuseFile(file, "entry " + Quoted(entry.name) + " lies outside the file; is it truncated?");
  }
  return {begin, static_cast<std::size_t>(entry.size)};
}

struct Extent {
  std::size_t begin, end;
};

}  // namespace

std::map<std::string, ZipEntry, std::less<>> ReadZipDirectory(const ByteSource& bytes,
                                                              const std::string& file) {
  const Directory place = FindDirectory(bytes, file);
  if (place.entries > kEntriesMax)
    RefuseFile(file, "an archive of more than " + std::to_string(kEntriesMax) + " entries");
  if (place.size > kDirectoryBytesMax) RefuseFile(file, "the zip directory is too large");
  const auto read = ReadPart(bytes, bytes.size(), place.begin, place.size);
  if (!read) RefuseFile(file, "the zip directory lies outside the file");
  Bytes directory = *read;

  std::map<std::string, ZipEntry, std::less<>> entries;
  std::vector<Extent> extents;
  for (std::uint64_t i = 0; i < place.entries; ++i) {
    const CentralEntry central = TakeEntry(directory, file);
    const ZipEntry entry = Locate(bytes, static_cast<std::size_t>(place.begin), central, file);
    if (!entries.emplace(central.name, entry).second)
      RefuseFile(file, "entry " + Quoted(central.name) + " exists twice");
    extents.push_back({static_cast<std::size_t>(central.local_begin), entry.begin + entry.size});
  }
  std::ranges::sort(extents, {}, &Extent::begin);
  const auto overlap =
      std::ranges::adjacent_find(extents, [](Extent a, Extent b) { return b.begin < a.end; });
  if (overlap != extents.end()) RefuseFile(file, "entries of the archive overlap");
  return entries;
}

}  // namespace ouroboros
