// Writes GGUF files, version 3 (see gguf.h).
//
// Thread safety: a function of its arguments and the file system; no shared state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "files/tensor_to_write.h"

namespace ouroboros {

using GgufValue =
    std::variant<std::uint32_t, float, std::string, std::vector<std::string>, std::vector<std::int32_t>>;
using GgufMetadata = std::vector<std::pair<std::string, GgufValue>>;

// Atomic (atomic_file.h). Metadata and tensors stand in the order given. Throws EngineError: kArgument on a
// name that is too long or used twice, a shape that does not fit its values or its blocks; kNumbers; kFile.
void WriteGguf(const std::string& path, std::span<const TensorToWrite> tensors, const GgufMetadata& metadata);

}  // namespace ouroboros
