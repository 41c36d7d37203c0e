#include "files/tensor_to_write.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "base/half_floats.h"
#include "files/gguf/quantized_blocks.h"
#include "files/tensor_table.h"

namespace ouroboros {
namespace {

constexpr std::size_t kConvertedValues = 16 * 1024;  // at a time; a multiple of every block
constexpr std::uint16_t kF16Infinity = 0x7c00;

bool IsBlocks(DType dtype) { return dtype == DType::kQ8_0 || dtype == DType::kQ4_0; }

void Convert(DType dtype, std::span<const float> values, std::span<std::byte> out) {
  if (IsBlocks(dtype)) return QuantizeBlocks(dtype, values, out);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t half = dtype == DType::kF16 ? RoundToF16(values[i]) : RoundToBf16(values[i]);
    std::memcpy(out.data() + i * sizeof(half), &half, sizeof(half));
  }
}

// f16, as a number or as a block's scale, is what a float32 may exceed by far.
void CheckRange(const TensorToWrite& tensor, std::span<const float> values) {
  if (tensor.dtype == DType::kBf16) return;
  // A block's scale is its largest number over 127 or 8.
  const float steps = tensor.dtype == DType::kQ8_0 ? 127.0f : tensor.dtype == DType::kQ4_0 ? 8.0f : 1.0f;
  const auto exceeds = [&](float value) {
    if (!std::isfinite(value)) return IsBlocks(tensor.dtype);  // blocks have no such numbers
    return RoundToF16(std::fabs(value) / steps) == kF16Infinity;
  };
  if (std::ranges::none_of(values, exceeds)) return;
  throw EngineError(ErrorCode::kNumbers, "cannot write tensor `" + tensor.name +
                                             "`: it holds numbers too large for " + DTypeName(tensor.dtype));
}

}  // namespace

void RefuseToWrite(const TensorToWrite& tensor, const char* problem) {
  throw EngineError(ErrorCode::kArgument, "cannot write tensor `" + tensor.name + "`: " + problem);
}

void CheckToWrite(const TensorToWrite& tensor) {
  const std::optional<std::size_t> count = ElementCount(tensor.shape);
  if (!count || (!tensor.read && *count != tensor.values.size())) {
    RefuseToWrite(tensor, "its shape does not fit its values");
  }
  if (IsBlocks(tensor.dtype) &&
      (tensor.shape.empty() || tensor.shape.back() % BlockElements(tensor.dtype) != 0)) {
    RefuseToWrite(tensor, "its rows are no whole blocks");
  }
}

std::size_t BytesOf(const TensorToWrite& tensor) {
  return DTypeBytes(tensor.dtype, ElementCount(tensor.shape).value_or(0));
}

void EmitValues(const TensorToWrite& tensor, FunctionRef<void(std::span<const std::byte>)> sink) {
  std::vector<float> read;
  std::span<const float> values = tensor.values;
  if (tensor.read) {
    read.resize(ElementCount(tensor.shape).value_or(0));
    tensor.read(read);
    values = read;
  }
  if (tensor.dtype == DType::kF32) return sink(std::as_bytes(values));
  std::vector<std::byte> converted;
  while (!values.empty()) {
    const std::span<const float> chunk = values.first(std::min(values.size(), kConvertedValues));
    CheckRange(tensor, chunk);
    converted.resize(DTypeBytes(tensor.dtype, chunk.size()));
    Convert(tensor.dtype, chunk, converted);
    sink(converted);
    values = values.subspan(chunk.size());
  }
}

}  // namespace ouroboros
