// Weights as they are served: cut into panels of 16 outputs, so that one layout serves one token, a few, and
// long prompts, and every weight is read once, in order.
//
//   panel p holds outputs [16 p, 16 p + 16); what the last one lacks is zero
//   f32   [inputs][16] floats
//   bf16  [inputs / 2][16][2]: two neighbouring inputs of an output side by side
//   q8    [inputs / 4][16][4] bytes, value + 128;    scales [inputs / 32][16] f16
//   q4    [inputs / 8][16][4] bytes, each with input i in its low and i + 4 in its high half, value + 8
// q8 and q4 share a scale among 32 inputs of one output; their values are those of ggml's Q8_0 and Q4_0
// (ggml-quants.c: scale = max|x| / 127, or the value of largest magnitude / -8), so that files of those types
// lose nothing. Inputs are padded with zeros to a multiple of 32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ouroboros {

enum class WeightType : std::uint8_t { kF32, kBf16, kQ8, kQ4 };

constexpr std::size_t kPanel = 16;
constexpr std::size_t kScaleGroup = 32;

inline bool IsQuantized(WeightType type) { return type == WeightType::kQ8 || type == WeightType::kQ4; }

// A view; owns nothing. Thread safety: as the memory behind it.
struct PackedMatrix {
  WeightType type = WeightType::kF32;
  std::size_t outputs = 0, inputs = 0;    // as in the model; 0 outputs: no matrix
  const std::byte* values = nullptr;      // 64-byte aligned
  const std::uint16_t* scales = nullptr;  // q8 and q4

  std::size_t panels() const { return (outputs + kPanel - 1) / kPanel; }
  std::size_t groups() const { return (inputs + kScaleGroup - 1) / kScaleGroup; }
  bool empty() const { return outputs == 0; }
};

// Bytes of one panel's values, and of all values and scales of a matrix.
std::size_t PanelBytes(WeightType type, std::size_t inputs);
struct PackedBytes {
  std::size_t values, scales;
};
PackedBytes PackedBytesOf(WeightType type, std::size_t outputs, std::size_t inputs);

// An [outputs, inputs] matrix to be packed: element (o, i) at data[o * output_stride + i * input_stride].
struct PackSource {
  const float* data;
  std::size_t output_stride, input_stride;
};
// Packs panels [first, last) of `matrix`, whose memory is values and scales. Panels are independent: several
// threads may pack one matrix. Not finite numbers: the result is unspecified.
void PackPanels(const PackedMatrix& matrix, std::byte* values, std::uint16_t* scales,
                const PackSource& source, std::size_t first, std::size_t last);

// What `matrix` holds at (output, input), as float32.
float PackedValue(const PackedMatrix& matrix, std::size_t output, std::size_t input);

}  // namespace ouroboros
