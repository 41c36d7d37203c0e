// Writes safetensors files (see safetensors.h) of float32 values, stored as f32, f16 or bf16.
//
// Thread safety: functions of their arguments and the file system; no shared state.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "base/function_ref.h"
#include "files/tensor_to_write.h"

namespace ouroboros {

// A complete file in memory. Data begins at a multiple of 64 bytes; f32 tensors stand before the others, each
// kind in the order given, so that every element is aligned without holes (the format forbids them). Throws
// EngineError(kArgument) on a duplicate, reserved or non-UTF-8 name, or a shape that does not fit the values.
// `room` is asked once for so many bytes.
void SerializeSafetensors(std::span<const TensorToWrite> tensors,
                          const std::map<std::string, std::string>& metadata,
                          FunctionRef<std::span<std::byte>(std::size_t bytes)> room);

// The same into a file, atomically (atomic_file.h): a reader sees the old file or the whole new one.
// Throws EngineError(kFile) where that fails; the old file is then untouched.
void WriteSafetensors(const std::string& path, std::span<const TensorToWrite> tensors,
                      const std::map<std::string, std::string>& metadata);

}  // namespace ouroboros
