// Reads the layout of safetensors files (huggingface/safetensors, README "Format"): 8 bytes header length, a
// JSON header, raw tensors.
//
// Grammar enforced: strict JSON without duplicate keys; every entry has exactly dtype, shape and
// data_offsets; offsets agree with dtype and shape, do not overlap, leave no hole and end with the file.
// Thread safety: a function of its arguments.
#pragma once

#include <string>

#include "files/byte_source.h"
#include "files/tensor_table.h"

namespace ouroboros {

// Throws EngineError(kFormat) naming `file` and the first problem.
TensorTable ParseSafetensors(const ByteSource& bytes, const std::string& file);

}  // namespace ouroboros
