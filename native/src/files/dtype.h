// The number formats that model files hold, their sizes, and exact conversion to what the engine computes
// with. Pure functions, thread safe. Stored numbers are little-endian, as on every machine this engine runs
// on.
//
// Block types (ggml's Q8_0, Q4_0, Q6_K; quantized_blocks.h) store a run of elements of one row together, so
// they have no bytes of one element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ouroboros {

enum class DType : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kI16,
  kU16,
  kF16,
  kBf16,
  kI32,
  kU32,
  kF32,
  kI64,
  kF64,
  kQ8_0,
  kQ4_0,
  kQ6_K,
};

// Elements stored together: 1 but for block types.
std::size_t BlockElements(DType dtype);
// Bytes of so many elements, a multiple of BlockElements; and elements of so many bytes.
std::size_t DTypeBytes(DType dtype, std::size_t elements);
std::size_t DTypeElements(DType dtype, std::size_t bytes);
// The name that safetensors uses: "F32", "BF16", "I64" ...; of block types ggml's. Static storage.
const char* DTypeName(DType dtype);
// Of safetensors' names; nothing for a name that this engine does not read.
std::optional<DType> DTypeFromName(std::string_view name);
bool IsFloat(DType dtype);

// out[i] = element i of `bytes`, which hold out.size() elements of a float dtype. f16, bf16, f32 and block
// types are exact (NaN and infinities included; a block's product is rounded once), f64 is rounded to nearest
// even.
void WidenToF32(DType dtype, std::span<const std::byte> bytes, std::span<float> out);
// Whether all are finite numbers.
bool AllFinite(std::span<const float> values);
// Whether WidenToF32 gives numbers of at most kMagnitudeMax; no infinity, no NaN. Weights are of the size of
// 1; what is far beyond belongs to a damaged file, and sums of it overflow.
constexpr float kMagnitudeMax = 1e12f;
bool AllInRange(DType dtype, std::span<const std::byte> bytes);
bool AllInRange(std::span<const float> values);
// WidenToF32 for integer dtypes; exact.
void WidenToI64(DType dtype, std::span<const std::byte> bytes, std::span<std::int64_t> out);

}  // namespace ouroboros
