#include "files/torch/torch_file.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "files/format_error.h"
#include "files/torch/pickle.h"
#include "files/torch/torch_tensor.h"
#include "files/torch/zip_archive.h"

namespace ouroboros {
namespace {

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

constexpr std::string_view kZipBegin = "PK\x03\x04"sv;
// The pickle (protocol 2) of the magic number 0x1950a86a20f9469cfc6c, as torch/serialization.py has it.
constexpr std::string_view kLegacyBegin = "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;

// A model of 10,000 tensors has a pickle of about 3 MB.
constexpr std::size_t kPickleBytesMax = std::size_t{64} << 20;

bool IsNoGlobal(std::string_view, std::string_view) { return false; }

// `<prefix>/data.pkl` names the one folder of the archive.
std::string FindPrefix(const std::map<std::string, ZipEntry, std::less<>>& entries, const std::string& file) {
  constexpr std::string_view kSuffix = "/data.pkl";
  std::string prefix;
  for (const auto& [name, entry] : entries) {
    if (!name.ends_with(kSuffix) || name.find('/') != name.size() - kSuffix.size()) continue;
    if (!prefix.empty()) RefuseFile(file, "the archive holds two models");
    prefix = name.substr(0, name.size() - kSuffix.size());
  }
  if (prefix.empty()) RefuseFile(file, "a zip archive, but not one from torch.save (it has no data.pkl)");
  return prefix;
}

std::vector<std::byte> ReadEntry(const ByteSource& bytes, const ZipEntry& entry, std::size_t bytes_max,
                                 const std::string& file) {
  if (entry.size > bytes_max) RefuseFile(file, "an entry of the archive is too large for what it is");
  std::vector<std::byte> read(entry.size);
  bytes.Read(entry.begin, read);
  return read;
}

TensorTable ParseArchive(const ByteSource& bytes, const std::string& file) {
  const auto entries = ReadZipDirectory(bytes, file);
  const std::string prefix = FindPrefix(entries, file);
  if (const auto order = entries.find(prefix + "/byteorder"); order != entries.end()) {
    constexpr std::string_view kLittle = "little";
    const ZipEntry& entry = order->second;
    if (entry.size != kLittle.size() ||
        !std::ranges::equal(ReadEntry(bytes, entry, kLittle.size(), file), std::as_bytes(std::span(kLittle))))
      RefuseFile(file, "the numbers in the file are not little-endian");
  }
  const std::vector<std::byte> pickled =
      ReadEntry(bytes, entries.at(prefix + "/data.pkl"), kPickleBytesMax, file);
  const Pickle pickle(pickled, file, IsStateDictGlobal);
  return ReadStateDict(pickle, file, [&](const TorchStorage& storage) {
    const auto entry = entries.find(prefix + "/data/" + std::string(storage.key));
    if (entry == entries.end()) RefuseFile(file, "the archive lacks the storage " + Quoted(storage.key));
    if (storage.elements > entry->second.size / DTypeBytes(storage.dtype, 1)) {
      RefuseFile(file, "the storage " + Quoted(storage.key) + " is shorter than its tensors need");
    }
    return entry->second.begin;
  });
}

bool IsLittleEndian(const Pickle& system) {
  const std::vector<std::uint32_t>& items = system.root().items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (system.node(items[i]).text == "little_endian") return system.node(items[i + 1]).integer == 1;
  }
  return false;
}

// Before torch 1.6: five pickles (magic number, version, the writer's system, state_dict, keys of storages),
// then for each key the number of elements as 64 bits and the elements.
TensorTable ParseStream(const ByteSource& bytes, const std::string& file) {
  std::vector<std::byte> front(std::min(bytes.size(), kPickleBytesMax));
  bytes.Read(0, front);
  std::size_t position = kLegacyBegin.size();
  const auto next_pickle = [&](IsKnownGlobal is_known) {
    Pickle pickle(Bytes(front).subspan(position), file, is_known);
    position += pickle.size();
    return pickle;
  };
  next_pickle(IsNoGlobal);  // the version of the protocol; its changes are older than any RWKV-7 file
  if (!IsLittleEndian(next_pickle(IsNoGlobal)))
    RefuseFile(file, "the numbers in the file are not little-endian");
  const Pickle state_dict = next_pickle(IsStateDictGlobal);
  const Pickle keys = next_pickle(IsNoGlobal);

  std::map<std::string_view, TorchStorage> described;
  for (const PickleNode& node : state_dict.nodes()) {
    if (node.kind != PickleNode::Kind::kPersistent) continue;
    const TorchStorage storage = ReadStorage(state_dict, node, file);
    described.emplace(storage.key, storage);
  }
  std::map<std::string_view, std::size_t> begins;
  for (const std::uint32_t id : keys.root().items) {
    const auto storage = described.find(keys.node(id).text);
    if (storage == described.end()) RefuseFile(file, "a storage belongs to no tensor");
    const std::size_t elements = storage->second.elements, size = DTypeBytes(storage->second.dtype, 1);
    const std::size_t rest = bytes.size() - position;
    std::uint64_t written = 0;
    if (rest >= sizeof(written)) bytes.Read(position, std::as_writable_bytes(std::span(&written, 1)));
    if (rest < sizeof(written) || elements > (rest - sizeof(written)) / size)
      RefuseFile(file, "the file is truncated");
    if (written != elements) RefuseFile(file, "a storage has another size than its tensors say");
    begins[storage->first] = position + sizeof(written);
    position += sizeof(written) + elements * size;
  }
  return ReadStateDict(state_dict, file, [&](const TorchStorage& storage) {
    const auto begin = begins.find(storage.key);
    const TorchStorage& first = described.at(storage.key);
    if (begin == begins.end() || first.dtype != storage.dtype || first.elements != storage.elements) {
      RefuseFile(file, "the storage " + Quoted(storage.key) + " is missing or described in two ways");
    }
    return begin->second;
  });
}

}  // namespace

bool LooksLikeTorchFile(std::string_view beginning) {
  return beginning.starts_with(kZipBegin) || beginning.starts_with(kLegacyBegin);
}

TensorTable ParseTorchFile(const ByteSource& bytes, const std::string& file) {
  const bool is_archive = ReadBeginning(bytes, kZipBegin.size()) == kZipBegin;
  return is_archive ? ParseArchive(bytes, file) : ParseStream(bytes, file);
}

}  // namespace ouroboros
