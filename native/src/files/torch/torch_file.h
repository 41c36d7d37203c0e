// What torch.save writes for a state_dict (.pth): a zip archive of one pickle and one raw entry per storage,
// or the older stream of pickles and raw storages (before torch 1.6). Read-only, and nothing in the file is
// ever executed: the pickle becomes data (pickle.h), of which only tensors are understood here.
//
// Sources: pytorch torch/serialization.py, torch/_utils.py (what _rebuild_tensor_v2 means); Python
// pickletools. Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "files/tensor_table.h"

namespace ouroboros {

// Whether the bytes begin as one of the two formats does.
bool LooksLikeTorchFile(std::span<const std::byte> bytes);

// Throws EngineError(kFormat) naming `file` and the first problem; a global that is not needed to describe a
// tensor is named in the message.
TensorTable ParseTorchFile(std::span<const std::byte> bytes, const std::string& file);

}  // namespace ouroboros
