#include "files/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/half_floats.h"
#include "files/gguf/quantized_blocks.h"

namespace ouroboros {
namespace {

static_assert(std::endian::native == std::endian::little, "file formats are read without swapping bytes");

struct DTypeRow {
  DType dtype;
  const char* name;
  std::size_t size;  // bytes of a block
  bool is_float;
  std::size_t elements = 1;  // of a block
};
constexpr std::array<DTypeRow, 15> kRows = {{{DType::kBool, "BOOL", 1, false},
                                             {DType::kU8, "U8", 1, false},
                                             {DType::kI8, "I8", 1, false},
                                             {DType::kI16, "I16", 2, false},
                                             {DType::kU16, "U16", 2, false},
                                             {DType::kF16, "F16", 2, true},
                                             {DType::kBf16, "BF16", 2, true},
                                             {DType::kI32, "I32", 4, false},
                                             {DType::kU32, "U32", 4, false},
                                             {DType::kF32, "F32", 4, true},
                                             {DType::kI64, "I64", 8, false},
                                             {DType::kF64, "F64", 8, true},
                                             {DType::kQ8_0, "Q8_0", 34, true, 32},
                                             {DType::kQ4_0, "Q4_0", 18, true, 32},
                                             {DType::kQ6_K, "Q6_K", 210, true, 256}}};

const DTypeRow& Row(DType dtype) { return kRows[static_cast<std::size_t>(dtype)]; }

// Elements in a file need not be aligned, so each is copied out.
template <typename Stored, typename Out, typename Convert>
void ConvertAll(std::span<const std::byte> bytes, std::span<Out> out, Convert convert) {
  OURO_CHECK(bytes.size() == out.size() * sizeof(Stored));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = convert(stored);
  }
}

template <typename Stored>
void IntegersToI64(std::span<const std::byte> bytes, std::span<std::int64_t> out) {
  ConvertAll<Stored>(bytes, out, [](Stored stored) { return static_cast<std::int64_t>(stored); });
}

}  // namespace

std::size_t BlockElements(DType dtype) { return Row(dtype).elements; }

std::size_t DTypeBytes(DType dtype, std::size_t elements) {
  OURO_CHECK(elements % Row(dtype).elements == 0);
  return elements / Row(dtype).elements * Row(dtype).size;
}

std::size_t DTypeElements(DType dtype, std::size_t bytes) {
  OURO_CHECK(bytes % Row(dtype).size == 0);
  return bytes / Row(dtype).size * Row(dtype).elements;
}

const char* DTypeName(DType dtype) { return Row(dtype).name; }
bool IsFloat(DType dtype) { return Row(dtype).is_float; }

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const DTypeRow& row : kRows) {
    if (name == row.name && row.elements == 1) return row.dtype;
  }
  return std::nullopt;
}

void WidenToF32(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  switch (dtype) {
    case DType::kF32:
      return ConvertAll<float>(bytes, out, [](float value) { return value; });
    case DType::kBf16:
      return ConvertAll<std::uint16_t>(bytes, out, WidenBf16);
    case DType::kF16:
      return ConvertAll<std::uint16_t>(bytes, out, WidenF16);
    case DType::kF64:
      return ConvertAll<double>(bytes, out, [](double value) { return static_cast<float>(value); });
    case DType::kQ8_0:
    case DType::kQ4_0:
    case DType::kQ6_K:
      return DequantizeBlocks(dtype, bytes, out);
    default:
      OURO_CHECK(IsFloat(dtype));
  }
}

namespace {

// The largest magnitude by its bits, which compilers compare several at a time; infinity and NaN are larger
// than all numbers.
std::int32_t LargestBits(std::span<const float> values) {
  std::int32_t most = 0;
  for (const float value : values) most = std::max(most, std::bit_cast<std::int32_t>(std::fabs(value)));
  return most;
}

}  // namespace

bool AllFinite(std::span<const float> values) {
  return LargestBits(values) < std::bit_cast<std::int32_t>(std::numeric_limits<float>::infinity());
}

bool AllInRange(std::span<const float> values) {
  return LargestBits(values) <= std::bit_cast<std::int32_t>(kMagnitudeMax);
}

bool AllInRange(DType dtype, std::span<const std::byte> bytes) {
  std::array<float, 1024> widened;  // whole blocks of any type
  while (!bytes.empty()) {
    const std::size_t count = std::min(widened.size(), DTypeElements(dtype, bytes.size()));
    const std::size_t size = DTypeBytes(dtype, count);
    const std::span<float> values = std::span(widened).first(count);
    WidenToF32(dtype, bytes.first(size), values);
    if (!AllInRange(values)) return false;
    bytes = bytes.subspan(size);
  }
  return true;
}

void WidenToI64(DType dtype, std::span<const std::byte> bytes, std::span<std::int64_t> out) {
  switch (dtype) {
    case DType::kBool:
    case DType::kU8:
      return IntegersToI64<std::uint8_t>(bytes, out);
    case DType::kI8:
      return IntegersToI64<std::int8_t>(bytes, out);
    case DType::kI16:
      return IntegersToI64<std::int16_t>(bytes, out);
    case DType::kU16:
      return IntegersToI64<std::uint16_t>(bytes, out);
    case DType::kI32:
      return IntegersToI64<std::int32_t>(bytes, out);
    case DType::kU32:
      return IntegersToI64<std::uint32_t>(bytes, out);
    case DType::kI64:
      return IntegersToI64<std::int64_t>(bytes, out);
    default:
      OURO_CHECK(!IsFloat(dtype));
  }
}

}  // namespace ouroboros
