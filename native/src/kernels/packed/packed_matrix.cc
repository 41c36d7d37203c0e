#include "kernels/packed/packed_matrix.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/half_floats.h"

namespace ouroboros {
namespace {

constexpr float kQ8Max = 127.0f;
constexpr int kQ8Offset = 128;
constexpr int kQ4Offset = 8;

std::size_t Padded(std::size_t inputs) { return (inputs + kScaleGroup - 1) / kScaleGroup * kScaleGroup; }

// A group of inputs of one output; beyond the last there are zeros.
struct GroupOfInputs {
  std::size_t first, inputs;
};
void Gather(float* group, const PackSource& source, std::size_t output, const GroupOfInputs& place) {
  const std::size_t count = std::min(kScaleGroup, place.inputs - place.first);
  const float* const from = source.data + output * source.output_stride + place.first * source.input_stride;
  if (source.input_stride == 1) {
    std::copy_n(from, count, group);
  } else {
    for (std::size_t i = 0; i < count; ++i) group[i] = from[i * source.input_stride];
  }
  std::fill(group + count, group + kScaleGroup, 0.0f);
}

std::size_t Q8Place(std::size_t input, std::size_t lane) {
  return (input / 4 * kPanel + lane) * 4 + input % 4;
}
std::size_t Q4Place(std::size_t input, std::size_t lane) {
  return (input / 8 * kPanel + lane) * 4 + input % 4;
}

// A group's numbers for one lane of a panel: words of four bytes, one panel width apart.
void PutWords(std::byte* to, const void* words, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(to + i * kPanel * 4, static_cast<const std::byte*>(words) + 4 * i, 4);
  }
}

void PackF32Group(std::byte* to, const float* values) { PutWords(to, values, kScaleGroup); }

void PackBf16Group(std::byte* to, const float* values) {
  std::uint16_t halves[kScaleGroup];
  for (std::size_t i = 0; i < kScaleGroup; ++i) halves[i] = RoundToBf16(values[i]);
  PutWords(to, halves, kScaleGroup / 2);
}

// By the order of their bits, which compilers compare several at a time.
float LargestMagnitude(const float* values) {
  std::int32_t most = 0;
  for (std::size_t i = 0; i < kScaleGroup; ++i) {
    most = std::max(most, std::bit_cast<std::int32_t>(std::fabs(values[i])));
  }
  return std::bit_cast<float>(most);
}

void PackQ8Group(std::byte* to, std::uint16_t* scale, const float* values) {
  const float step = LargestMagnitude(values) / kQ8Max;
  const float inverse = step == 0 ? 0.0f : 1.0f / step;
  *scale = RoundToF16(step);
  std::uint8_t levels[kScaleGroup];
  for (std::size_t i = 0; i < kScaleGroup; ++i) {
    // Halves are rounded away from zero, as in ggml.
    const float scaled = values[i] * inverse;
    const int rounded = static_cast<int>(scaled + std::copysign(0.5f, scaled));
    levels[i] = static_cast<std::uint8_t>(rounded + kQ8Offset);
  }
  PutWords(to, levels, kScaleGroup / 4);
}

void PackQ4Group(std::byte* to, std::uint16_t* scale, const float* values) {
  const float most = LargestMagnitude(values);
  // The first of equal magnitude decides the sign.
  const float extreme =
      *std::find_if(values, values + kScaleGroup, [&](float value) { return std::fabs(value) >= most; });
  const float step = extreme / -8.0f;
  const float inverse = step == 0 ? 0.0f : 1.0f / step;
  *scale = RoundToF16(step);
  std::uint8_t levels[kScaleGroup], both[kScaleGroup / 2];
  for (std::size_t i = 0; i < kScaleGroup; ++i) {
    levels[i] = static_cast<std::uint8_t>(std::min(static_cast<int>(values[i] * inverse + 8.5f), 15));
  }
  for (std::size_t i = 0; i < kScaleGroup / 2; ++i) {
    const std::size_t low = i / 4 * 8 + i % 4;
    both[i] = static_cast<std::uint8_t>(levels[low] | levels[low + 4] << 4);
  }
  PutWords(to, both, kScaleGroup / 8);
}

}  // namespace

std::size_t PanelBytes(WeightType type, std::size_t inputs) {
  const std::size_t numbers = Padded(inputs) * kPanel;
  switch (type) {
    case WeightType::kF32:
      return numbers * sizeof(float);
    case WeightType::kBf16:
      return numbers * 2;
    case WeightType::kQ8:
      return numbers;
    case WeightType::kQ4:
      return numbers / 2;
  }
  return 0;
}

PackedBytes PackedBytesOf(WeightType type, std::size_t outputs, std::size_t inputs) {
  const std::size_t panels = (outputs + kPanel - 1) / kPanel;
  const std::size_t scales =
      IsQuantized(type) ? panels * (Padded(inputs) / kScaleGroup) * kPanel * sizeof(std::uint16_t) : 0;
  return {panels * PanelBytes(type, inputs), scales};
}

void PackPanels(const PackedMatrix& matrix, std::byte* values, std::uint16_t* scales,
                const PackSource& source, std::size_t first, std::size_t last) {
  const std::size_t bytes = PanelBytes(matrix.type, matrix.inputs);
  const std::size_t group_bytes = bytes / matrix.groups();
  float group[kScaleGroup];
  for (std::size_t panel = first; panel < last; ++panel) {
    for (std::size_t lane = 0; lane < kPanel; ++lane) {
      const std::size_t output = panel * kPanel + lane;
      for (std::size_t g = 0; g < matrix.groups(); ++g) {
        if (output < matrix.outputs) {
          Gather(group, source, output, {g * kScaleGroup, matrix.inputs});
        } else {
          std::fill_n(group, kScaleGroup, 0.0f);
        }
        std::byte* const to = values + panel * bytes + g * group_bytes + lane * 4;
        const std::size_t scale = (panel * matrix.groups() + g) * kPanel + lane;
        switch (matrix.type) {
          case WeightType::kF32:
            PackF32Group(to, group);
            break;
          case WeightType::kBf16:
            PackBf16Group(to, group);
            break;
          case WeightType::kQ8:
            PackQ8Group(to, scales + scale, group);
            break;
          case WeightType::kQ4:
            PackQ4Group(to, scales + scale, group);
            break;
        }
      }
    }
  }
}

float PackedValue(const PackedMatrix& matrix, std::size_t output, std::size_t input) {
  const std::size_t panel = output / kPanel, lane = output % kPanel;
  const std::byte* const from = matrix.values + panel * PanelBytes(matrix.type, matrix.inputs);
  if (matrix.type == WeightType::kF32) {
    return reinterpret_cast<const float*>(from)[input * kPanel + lane];
  }
  if (matrix.type == WeightType::kBf16) {
    const std::uint16_t half =
        reinterpret_cast<const std::uint16_t*>(from)[(input / 2 * kPanel + lane) * 2 + input % 2];
    return WidenBf16(half);
  }
  const float scale =
      WidenF16(matrix.scales[(panel * matrix.groups() + input / kScaleGroup) * kPanel + lane]);
  if (matrix.type == WeightType::kQ8) {
    return scale * static_cast<float>(std::to_integer<int>(from[Q8Place(input, lane)]) - kQ8Offset);
  }
  const int both = std::to_integer<int>(from[Q4Place(input, lane)]);
  return scale * static_cast<float>((input % 8 < 4 ? both & 15 : both >> 4) - kQ4Offset);
}

}  // namespace ouroboros
