// What a model's tensors are called, and how they lie, in files that do not use the official names.
//
//   official  BlinkDL/RWKV-LM (MODEL.md 2)
//   GGUF      llama.cpp's architecture "rwkv7". Factors are transposed, r_k is flat, the six x_ vectors of a
//             block are one tensor in the order r w k v a g, and block 0's v0 v1 v2 are copies of a0 a1 a2
//   fla       Hugging Face models of flash-linear-attention. Factors are transposed; older files have the six
//             vectors in one tensor attn.x_x
//
// Sources: ggml-org/llama.cpp conversion/rwkv.py and gguf-py/gguf/constants.py;
// fla-org/flash-linear-attention utils/convert_from_rwkv7.py. Pure functions, thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ouroboros {

enum class Naming : std::uint8_t { kOfficial, kGguf, kFla };

// A tensor's place in a file.
struct StoredName {
  std::string name;
  bool is_transposed = false;  // of a matrix
  bool is_slice = false;       // one of kMixVectors rows of one tensor
  std::size_t slice = 0;
};
inline constexpr std::size_t kMixVectors = 6;

// Where the tensor of this official name may be found, the usual place first.
std::vector<StoredName> StoredNamesOf(Naming naming, std::string_view official_name);

// What the names of a block's tensors begin with, before the block's number.
const char* BlockPrefix(Naming naming);

}  // namespace ouroboros
