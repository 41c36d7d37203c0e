// Reads the layout of GGUF files, versions 2 and 3, little-endian: what llama.cpp loads.
//
// A header (counts, metadata, tensors with dimensions innermost first) and the tensors' data behind it, each
// at a multiple of the alignment right behind the one before. Read are float, integer and the block types of
// dtype.h; files in several parts are refused. Shapes come out outermost first, as everywhere here.
//
// Sources: ggml-org/ggml docs/gguf.md; ggml-org/llama.cpp gguf-py/gguf. Thread safety: functions of
// their arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/byte_source.h"
#include "files/tensor_table.h"

namespace ouroboros {

// Of the first bytes of a file.
bool LooksLikeGguf(std::string_view beginning);

// The table's metadata holds texts as they are and numbers as decimal text; arrays are left out.
// Throws EngineError(kFormat) naming `file` and the first problem.
TensorTable ParseGguf(const ByteSource& bytes, const std::string& file);

// The array of texts or of 32-bit integers of this key; nothing where the file has no
// such key with such values. Throws EngineError(kFormat).
std::optional<std::vector<std::string>> GgufTexts(const ByteSource& bytes, const std::string& file,
                                                  std::string_view key);
std::optional<std::vector<std::int32_t>> GgufIntegers(const ByteSource& bytes, const std::string& file,
                                                      std::string_view key);

}  // namespace ouroboros
