// What torch.save writes for a state_dict (.pth): a zip archive of one pickle and one raw entry per storage,
// or the older stream of pickles and raw storages (before torch 1.6). Read-only, and nothing in the file is
// ever executed: the pickle becomes data (pickle.h), of which only tensors are understood here.
//
// Sources: pytorch torch/serialization.py, torch/_utils.py (what _rebuild_tensor_v2 means); Python
// pickletools. Thread safety: functions of their arguments.
#pragma once

#include <string>
#include <string_view>

#include "files/byte_source.h"
#include "files/tensor_table.h"

namespace ouroboros {

// Whether a file begins as one of the two formats does; 32 bytes of it will do.
bool LooksLikeTorchFile(std::string_view beginning);

// Throws EngineError(kFormat) naming `file` and the first problem; a global that is not needed to describe a
// tensor is named in the message.
TensorTable ParseTorchFile(const ByteSource& bytes, const std::string& file);

}  // namespace ouroboros
