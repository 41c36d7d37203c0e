// What the calls in a state_dict's pickle mean: tensors as views of storages. The only interpreter of those
// calls.
//
// Sources: pytorch torch/_utils.py (_rebuild_tensor_v2, _rebuild_parameter), torch/serialization.py
// (persistent ids). Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/function_ref.h"
#include "files/dtype.h"
#include "files/tensor_table.h"
#include "files/torch/pickle.h"

namespace ouroboros {

// The globals that a state_dict needs: dictionaries, tensors, parameters, storages.
bool IsStateDictGlobal(std::string_view module, std::string_view name);

// ('storage', type, key, device, elements): the raw numbers that tensors are views of.
struct TorchStorage {
  std::string_view key;
  DType dtype;
  std::size_t elements;
};
// `node` is a persistent id. Throws EngineError(kFormat) naming `file`.
TorchStorage ReadStorage(const Pickle& pickle, const PickleNode& node, const std::string& file);

// The tensors of the pickle's root, a dictionary from names to tensors. `begin_of(storage)` gives the byte
// offset of a storage in the file, after checking that all its elements lie inside the file. Throws
// EngineError(kFormat) naming `file` and the first problem.
TensorTable ReadStateDict(const Pickle& pickle, const std::string& file,
                          FunctionRef<std::size_t(const TorchStorage& storage)> begin_of);

}  // namespace ouroboros
