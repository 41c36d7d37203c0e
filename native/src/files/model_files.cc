#include "files/model_files.h"

#include <set>

#include "base/sha256.h"
#include "files/format_error.h"
#include "files/input_file.h"
#include "files/safetensors/json_header.h"

namespace ouroboros {
namespace {

constexpr std::string_view kIndexEnding = ".index.json";
constexpr std::size_t kIndexBytesMax = std::size_t{16} << 20;
constexpr std::size_t kShardsMax = 1000;

// Of {"metadata": {"total_size": 1, ...}, "weight_map": {tensor: file, ...}} the files, in order.
std::set<std::string> ReadIndex(std::string_view text, const std::string& path) {
  std::set<std::string> shards;
  JsonCursor cursor(text, path);
  cursor.Expect('{');
  do {
    const std::string key = cursor.String();
    cursor.Expect(':');
    if (key != "weight_map" && key != "metadata")
      RefuseFile(path, "the index has the unknown part " + Quoted(key));
    cursor.Expect('{');
    if (cursor.Accept('}')) continue;
    do {
      cursor.String();
      cursor.Expect(':');
      if (key == "weight_map") {
        shards.insert(cursor.String());
      } else if (cursor.IsString()) {
        cursor.String();
      } else {
        cursor.Unsigned();
      }
    } while (cursor.Accept(','));
    cursor.Expect('}');
  } while (cursor.Accept(','));
  cursor.Expect('}');
  cursor.ExpectEnd();
  return shards;
}

}  // namespace

std::vector<std::unique_ptr<TensorFile>> OpenModelFiles(const std::string& path) {
  std::vector<std::unique_ptr<TensorFile>> files;
  if (!path.ends_with(kIndexEnding)) {
    files.push_back(TensorFile::Open(path));
    return files;
  }
  const InputFile index(path);
  if (index.size() > kIndexBytesMax) RefuseFile(path, "too large for an index of tensors");
  const std::set<std::string> shards = ReadIndex(ReadBeginning(index, kIndexBytesMax), path);
  if (shards.empty() || shards.size() > kShardsMax) RefuseFile(path, "the index names no files, or too many");
  const std::string folder = path.substr(0, path.find_last_of("/\\") + 1);
  for (const std::string& shard : shards) {
    if (shard.empty() || shard.find_first_of("/\\:") != std::string::npos ||
        shard.find('\0') != std::string::npos) {
      RefuseFile(path, "the index names " + Quoted(shard) + ", which is no file beside it");
    }
    files.push_back(TensorFile::Open(folder + shard));
  }
  return files;
}

namespace {

template <typename Files, typename Hash>
std::string HashOfEach(const Files& files, Hash hash) {
  if (files.size() == 1) return hash(*files.front());
  std::string hashes;
  for (const auto& file : files) hashes += hash(*file);
  return Sha256Hex(std::as_bytes(std::span(hashes)));
}

}  // namespace

std::string HashOf(const std::vector<std::unique_ptr<TensorFile>>& files) {
  return HashOfEach(files, [](const TensorFile& file) { return file.Sha256(); });
}

std::string HashOf(const std::vector<std::unique_ptr<const ByteSource>>& files) {
  return HashOfEach(files, Sha256Of);
}

}  // namespace ouroboros
