// The number formats that model files hold, their sizes, and exact conversion to what the engine computes
// with. Pure functions, thread safe. Stored numbers are little-endian, as on every machine this engine runs
// on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ouroboros {

enum class DType : std::uint8_t { kBool, kU8, kI8, kI16, kU16, kF16, kBf16, kI32, kU32, kF32, kI64, kF64 };

// Bytes of one element.
std::size_t DTypeSize(DType dtype);
// The name that safetensors uses: "F32", "BF16", "I64" ... Static storage.
const char* DTypeName(DType dtype);
// Nothing for a name that this engine does not read.
std::optional<DType> DTypeFromName(std::string_view name);
bool IsFloat(DType dtype);

// out[i] = element i of `bytes`, which hold out.size() elements of a float dtype. f16, bf16 and f32 are exact
// (NaN and infinities included), f64 is rounded to nearest even.
void WidenToF32(DType dtype, std::span<const std::byte> bytes, std::span<float> out);
// The same for integer dtypes; exact.
void WidenToI64(DType dtype, std::span<const std::byte> bytes, std::span<std::int64_t> out);

// Round to nearest, ties to even; a NaN stays a NaN.
std::uint16_t RoundToBf16(float value);

}  // namespace ouroboros
