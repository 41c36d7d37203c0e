#include "files/gguf/gguf_writer.h"

#include <algorithm>
#include <set>

#include "files/atomic_file.h"
#include "files/gguf/gguf_cursor.h"

namespace ouroboros {
namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kAlignment = 32;
constexpr std::size_t kNameBytesMax = 63;  // what ggml takes
constexpr std::size_t kRankMax = 4;

// ggml's numbers of the types that are written.
std::uint32_t NumberOf(const TensorToWrite& tensor) {
  switch (tensor.dtype) {
    case DType::kF32:
      return 0;
    case DType::kF16:
      return 1;
    case DType::kQ4_0:
      return 2;
    case DType::kQ8_0:
      return 8;
    case DType::kBf16:
      return 30;
    default:
      RefuseToWrite(tensor, "only F32, F16, BF16, Q8_0 and Q4_0 are written");
  }
}

class HeaderText {
 public:
  template <typename Number>
  void Add(Number number) {
    text_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void AddText(const std::string& text) {
    Add(std::uint64_t{text.size()});
    text_ += text;
  }
  void AddType(GgufType type) { Add(static_cast<std::uint32_t>(type)); }

  void AddValue(std::uint32_t value) { AddType(GgufType::kU32), Add(value); }
  void AddValue(float value) { AddType(GgufType::kF32), Add(value); }
  void AddValue(const std::string& value) { AddType(GgufType::kString), AddText(value); }
  void AddValue(const std::vector<std::string>& values) {
    BeginArray(GgufType::kString, values.size());
    for (const std::string& value : values) AddText(value);
  }
  void AddValue(const std::vector<std::int32_t>& values) {
    BeginArray(GgufType::kI32, values.size());
    for (const std::int32_t value : values) Add(value);
  }

  std::string Padded() && {
    text_.append((kAlignment - text_.size() % kAlignment) % kAlignment, '\0');
    return std::move(text_);
  }

 private:
  void BeginArray(GgufType element, std::size_t count) {
    AddType(GgufType::kArray);
    AddType(element);
    Add(std::uint64_t{count});
  }

  std::string text_ = "GGUF";
};

void CheckTensors(std::span<const TensorToWrite> tensors) {
  std::set<std::string_view> names;
  for (const TensorToWrite& tensor : tensors) {
    if (tensor.name.size() > kNameBytesMax) RefuseToWrite(tensor, "the name is too long");
    if (!names.insert(tensor.name).second) RefuseToWrite(tensor, "the name is used twice");
    if (tensor.shape.size() > kRankMax) RefuseToWrite(tensor, "it has more than 4 dimensions");
    NumberOf(tensor);
    CheckToWrite(tensor);
  }
}

std::size_t RoundUp(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::string MakeHeader(std::span<const TensorToWrite> tensors, const GgufMetadata& metadata) {
  HeaderText header;
  header.Add(kVersion);
  header.Add(std::uint64_t{tensors.size()});
  header.Add(std::uint64_t{metadata.size()});
  for (const auto& [key, value] : metadata) {
    header.AddText(key);
    std::visit([&](const auto& each) { header.AddValue(each); }, value);
  }
  std::uint64_t begin = 0;
  for (const TensorToWrite& tensor : tensors) {
    header.AddText(tensor.name);
    header.Add(static_cast<std::uint32_t>(tensor.shape.size()));
    std::for_each(tensor.shape.rbegin(), tensor.shape.rend(),
                  [&](std::size_t size) { header.Add(std::uint64_t{size}); });
    header.Add(NumberOf(tensor));
    header.Add(begin);
    begin += RoundUp(BytesOf(tensor));
  }
  return std::move(header).Padded();
}

}  // namespace

void WriteGguf(const std::string& path, std::span<const TensorToWrite> tensors,
               const GgufMetadata& metadata) {
  CheckTensors(tensors);  // before any file exists
  AtomicFile file(path);
  const std::string header = MakeHeader(tensors, metadata);
  file.Write(std::as_bytes(std::span(header)));
  for (const TensorToWrite& tensor : tensors) {
    EmitValues(tensor, [&](std::span<const std::byte> part) { file.Write(part); });
    const std::size_t bytes = BytesOf(tensor);
    const std::vector<std::byte> padding(RoundUp(bytes) - bytes);
    file.Write(padding);
  }
  file.Commit();
}

}  // namespace ouroboros
