// ggml's block formats: a run of neighbours in a row shares a scale. Between them and float32, exactly as
// ggml rounds, so that what one program quantised the other reads to the same numbers.
//
//   Q8_0  32 elements: scale f16, 32 signed bytes q          value = scale * q
//   Q4_0  32 elements: scale f16, 16 bytes of two nibbles    value = scale * (q - 8); low nibbles come first
//   Q6_K  256 elements: 128 + 64 bytes of low and high bits, 16 scales of 16 elements, super-scale f16; read
//   only
//
// Sources: ggml-org/llama.cpp gguf-py/gguf/quants.py, ggml/src/ggml-quants.c (layouts and rounding).
// Pure functions, thread safe.
#pragma once

#include <cstddef>
#include <span>

#include "files/dtype.h"

namespace ouroboros {

// out[i] = element i; `bytes` hold whole blocks of out.size() elements.
void DequantizeBlocks(DType dtype, std::span<const std::byte> bytes, std::span<float> out);

// The nearest blocks to `values`, which are finite and whole blocks; kQ8_0 and kQ4_0 only. A scale that is
// too large for f16 becomes infinite. Quantising what DequantizeBlocks returned gives the same bytes again,
// but for the sign of a zero scale.
void QuantizeBlocks(DType dtype, std::span<const float> values, std::span<std::byte> out);

}  // namespace ouroboros
