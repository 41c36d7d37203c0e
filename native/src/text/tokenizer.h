// Text to tokens and back: greedy longest match over bytes, with a vocabulary in the World text format.
//
// A line is `id literal byte_length`; the literal is a Python string (encoded as UTF-8) or bytes literal. Id
// 0 has no line: it ends a document and has no bytes. Sources: BlinkDL/RWKV-LM
// RWKV-v7/rwkv_vocab_v20230424.txt and its readers.
//
// For any bytes x that encode, decode(encode(x)) == x. Every x encodes when all 256 single bytes have a
// token. Thread safety: immutable, share freely. Ownership: owns everything; views live as long as the
// Tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/trie.h"
#include "text/vocabulary.h"

namespace ouroboros {

// Whether a token with these bytes never counts as repeated: a part of " \t0123456789", as white space and
// digits do repeat in good text.
bool IsUncounted(std::string_view bytes);

class Tokenizer {
 public:
  // A text file, or a GGUF model with its vocabulary inside (gguf_vocabulary.h); told apart by content.
  // Throws EngineError: kFile and kChanged where the file cannot be read, kVocabulary naming file and line
  // where it is malformed, kFormat for a malformed GGUF.
  static std::shared_ptr<const Tokenizer> Load(const std::string& path);

  explicit Tokenizer(Vocabulary vocabulary);

  // Highest id + 1.
  std::size_t size() const { return vocabulary_.size(); }
  // sha256 of the vocabulary in its text format, lower-case hex.
  const std::string& hash() const { return vocabulary_.hash(); }

  // Appends the tokens of `bytes` to `tokens`. Throws EngineError(kVocabulary) on a byte that no token begins
  // with.
  void Encode(std::string_view bytes, std::vector<std::uint32_t>& tokens) const;
  // Appends the bytes of `tokens` to `bytes`. Throws EngineError(kToken) on an id without an entry.
  void Decode(std::span<const std::uint32_t> tokens, std::string& bytes) const;
  // The bytes of one token (none, but present, for id 0), or nothing where the id has no entry.
  std::optional<std::string_view> BytesOf(std::uint32_t token) const { return vocabulary_.BytesOf(token); }
  // The tokens for which IsUncounted holds; not the empty one.
  std::span<const std::uint32_t> uncounted() const { return uncounted_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
  Trie trie_;
  std::vector<std::uint32_t> uncounted_;
};

}  // namespace ouroboros
