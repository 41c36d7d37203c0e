// The file or files that hold one model's tensors: one of any format that TensorFile reads, or the shards
// that a Hugging Face index (`model.safetensors.index.json`) names beside it. Whole files, no opinion about
// tensors.
//
// Thread safety: immutable, share freely. Ownership: keeps the files open while it lives.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "files/tensor_file.h"

namespace ouroboros {

// Throws EngineError: kFile, kFormat, kChanged.
std::vector<std::unique_ptr<TensorFile>> OpenModelFiles(const std::string& path);

// sha256, lower-case hex: of the file; of several files, of their hashes one after another.
std::string HashOf(const std::vector<std::unique_ptr<TensorFile>>& files);
std::string HashOf(const std::vector<std::unique_ptr<const ByteSource>>& files);

}  // namespace ouroboros
