#include "files/safetensors/safetensors_writer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>

#include "base/error.h"
#include "base/function_ref.h"
#include "base/utf8.h"
#include "files/atomic_file.h"
#include "files/safetensors/json_header.h"
#include "files/tensor_table.h"

namespace ouroboros {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLengthBytes = 8;

using Sink = FunctionRef<void(std::span<const std::byte>)>;

void CheckTensors(std::span<const TensorToWrite> tensors) {
  std::set<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) {
    if (tensor.name == "__metadata__") RefuseToWrite(tensor, "the name is reserved by the format");
    if (!IsUtf8(tensor.name)) RefuseToWrite(tensor, "the name is not UTF-8");
    if (!names.insert(tensor.name).second) RefuseToWrite(tensor, "the name is used twice");
    if (tensor.dtype != DType::kF32 && tensor.dtype != DType::kF16 && tensor.dtype != DType::kBf16)
      RefuseToWrite(tensor, "only F32, F16 and BF16 are written");
    CheckToWrite(tensor);
  }
}

std::vector<const TensorToWrite*> InFileOrder(std::span<const TensorToWrite> tensors) {
  std::vector<const TensorToWrite*> order;
  for (const TensorToWrite& tensor : tensors) order.push_back(&tensor);
  std::ranges::stable_sort(order, [](const TensorToWrite* a, const TensorToWrite* b) {
    return DTypeBytes(a->dtype, 1) > DTypeBytes(b->dtype, 1);
  });
  return order;
}

// A JSON object or array under construction: the comma goes before every part but the first.
class JsonParts {
 public:
  JsonParts(std::string& json, char open) : json_(json) { json_ += open; }
  void Add(std::string_view part) {
    if (json_.back() != '{' && json_.back() != '[') json_ += ',';
    json_ += part;
  }

 private:
  std::string& json_;
};

std::string JsonMetadata(const std::map<std::string, std::string>& metadata) {
  std::string json = "\"__metadata__\":";
  JsonParts object(json, '{');
  for (const auto& [key, value] : metadata) {
    if (!IsUtf8(key) || !IsUtf8(value)) throw EngineError(ErrorCode::kArgument, "metadata must be UTF-8");
    object.Add(JsonString(key) + ':' + JsonString(value));
  }
  return json + '}';
}

std::string JsonTensor(const TensorToWrite& tensor, std::size_t begin, std::size_t end) {
  std::string json =
      JsonString(tensor.name) + ":{\"dtype\":" + JsonString(DTypeName(tensor.dtype)) + ",\"shape\":";
  JsonParts shape(json, '[');
  for (const std::size_t size : tensor.shape) shape.Add(std::to_string(size));
  json += "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(end) + "]}";
  return json;
}

// The header with its length before it, padded with spaces so that the data after it is aligned.
std::string MakeHeader(std::span<const TensorToWrite* const> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::string json;
  JsonParts object(json, '{');
  if (!metadata.empty()) object.Add(JsonMetadata(metadata));
  std::size_t begin = 0;
  for (const TensorToWrite* tensor : tensors) {
    const std::size_t end = begin + BytesOf(*tensor);
    object.Add(JsonTensor(*tensor, begin, end));
    begin = end;
  }
  json += '}';
  json.append((kAlignment - (kLengthBytes + json.size()) % kAlignment) % kAlignment, ' ');

  const std::uint64_t length = json.size();
  std::string header(kLengthBytes, '\0');
  std::memcpy(header.data(), &length, kLengthBytes);
  return header + json;
}

void Emit(std::span<const TensorToWrite> tensors, const std::map<std::string, std::string>& metadata,
          Sink sink) {
  CheckTensors(tensors);
  const std::vector<const TensorToWrite*> order = InFileOrder(tensors);
  const std::string header = MakeHeader(order, metadata);
  sink(std::as_bytes(std::span(header)));
  for (const TensorToWrite* tensor : order) EmitValues(*tensor, sink);
}

}  // namespace

void SerializeSafetensors(std::span<const TensorToWrite> tensors,
                          const std::map<std::string, std::string>& metadata,
                          FunctionRef<std::span<std::byte>(std::size_t bytes)> room) {
  std::size_t size = 0;
  Emit(tensors, metadata, [&](std::span<const std::byte> part) { size += part.size(); });
  std::byte* to = room(size).data();
  Emit(tensors, metadata,
       [&](std::span<const std::byte> part) { to = std::copy(part.begin(), part.end(), to); });
}

void WriteSafetensors(const std::string& path, std::span<const TensorToWrite> tensors,
                      const std::map<std::string, std::string>& metadata) {
  CheckTensors(tensors);  // before any file exists
  AtomicFile file(path);
  Emit(tensors, metadata, [&](std::span<const std::byte> part) { file.Write(part); });
  file.Commit();
}

}  // namespace ouroboros
