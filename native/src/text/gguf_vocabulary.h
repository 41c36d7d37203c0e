// The vocabulary inside a GGUF file of an RWKV model ("tokenizer.ggml.model" is "rwkv"): one text per row,
// the token's bytes as Python's repr writes them, without quotes; and a type per row that sets apart rows
// without bytes (id 0, padding).
//
// Sources: ggml-org/llama.cpp conversion/base.py (_set_vocab_rwkv_world), src/llama-vocab.cpp. Pure
// functions, thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "files/byte_source.h"
#include "text/vocabulary.h"

namespace ouroboros {

struct GgufTokens {
  std::vector<std::string> texts;
  std::vector<std::int32_t> types;
};

// As many rows as the model has; ids without bytes become padding. Throws EngineError(kVocabulary) where the
// vocabulary has more ids than that.
GgufTokens ToGgufTokens(const Vocabulary& vocabulary, std::size_t rows);

// The same tokens in the World text format (tokenizer.h). Throws EngineError: kFormat; kVocabulary where the
// file has no vocabulary of this kind.
std::string WorldTextOfGguf(const ByteSource& bytes, const std::string& file);

}  // namespace ouroboros
