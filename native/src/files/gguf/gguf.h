// Reads the layout of GGUF files, versions 2 and 3, little-endian: what llama.cpp loads.
//
// A header (counts, metadata, tensors with dimensions innermost first) and the tensors' data behind it, each
// at a multiple of the alignment right behind the one before. Read are float, integer and the block types of
// dtype.h; files in several parts are refused. Shapes come out outermost first, as everywhere here.
//
// Sources: ggml-org/ggml docs/gguf.md; ggml-org/llama.cpp gguf-py/gguf. Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/tensor_table.h"

namespace ouroboros {

bool LooksLikeGguf(std::span<const std::byte> bytes);

// The table's metadata holds texts as they are and numbers as decimal text; arrays are left out.
// Throws EngineError(kFormat) naming `file` and the first problem.
TensorTable ParseGguf(std::span<const std::byte> bytes, const std::string& file);

// The array of texts (views into `bytes`) or of 32-bit integers of this key; nothing where the file has no
// such key with such values. Throws EngineError(kFormat).
std::optional<std::vector<std::string_view>> GgufTexts(std::span<const std::byte> bytes,
                                                       const std::string& file, std::string_view key);
std::optional<std::vector<std::int32_t>> GgufIntegers(std::span<const std::byte> bytes,
                                                      const std::string& file, std::string_view key);

}  // namespace ouroboros
