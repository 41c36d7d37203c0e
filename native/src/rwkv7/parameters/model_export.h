// Writes a model's tensors into a file of another format or type, one tensor at a time.
//
// Thread safety: a function of its arguments and the file system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "files/dtype.h"
#include "rwkv7/parameters/model_tensors.h"

namespace ouroboros {

enum class ModelFormat : std::uint8_t {
  kSafetensors,  // official names
  kFla,          // safetensors with fla's names
  kGguf,         // for llama.cpp
};

struct ModelExport {
  ModelFormat format;
  // Of emb, head and the big matrices, in safetensors of the other matrices too; nothing: as they were (block
  // types become F32 in safetensors, which holds them exactly). Q8_0 and Q4_0 in GGUF only; rows that are no
  // whole blocks stay as they are. Everything else keeps its type, but for GGUF, where it is F32.
  std::optional<DType> matrix_type;
  // GGUF only, empty for none: the vocabulary's rows (text/gguf_vocabulary.h).
  std::vector<std::string> token_texts;
  std::vector<std::int32_t> token_types;
  // GGUF only: what it is called.
  std::string name;
};

// Atomic. `go_on(done, total)` is asked before every tensor; where it says no, nothing is written and false
// comes back. Throws EngineError: kArgument for a type that the format cannot hold, kNumbers, kFile.
bool ExportModel(const ModelTensors& tensors, const ModelExport& wanted, const std::string& path,
                 FunctionRef<bool(std::size_t done, std::size_t total)> go_on);

}  // namespace ouroboros
