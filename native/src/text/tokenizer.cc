#include "text/tokenizer.h"

#include "base/error.h"
#include "files/gguf/gguf.h"
#include "files/input_file.h"
#include "text/gguf_vocabulary.h"

namespace ouroboros {

std::shared_ptr<const Tokenizer> Tokenizer::Load(const std::string& path) {
  const InputFile file(path);
  constexpr std::size_t kMagicBytes = 4;
  // Of a text one byte more than may be, so that one that is too large is found to be.
  const std::string text = LooksLikeGguf(ReadBeginning(file, kMagicBytes))
                               ? WorldTextOfGguf(file, path)
                               : ReadBeginning(file, kVocabularyBytesMax + 1);
  return std::make_shared<const Tokenizer>(Vocabulary::Parse(text, path));
}

bool IsUncounted(std::string_view bytes) {
  constexpr std::string_view kRepeatable = " \t0123456789";
  return kRepeatable.find(bytes) != kRepeatable.npos;
}

Tokenizer::Tokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)), trie_(vocabulary_) {
  for (std::uint32_t token = 0; token < size(); ++token) {
    const auto bytes = BytesOf(token);
    if (bytes && !bytes->empty() && IsUncounted(*bytes)) uncounted_.push_back(token);
  }
}

void Tokenizer::Encode(std::string_view bytes, std::vector<std::uint32_t>& tokens) const {
  while (!bytes.empty()) {
    const Trie::Match match = trie_.LongestMatch(bytes);
    if (match.token == 0) {
      constexpr char kHex[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(bytes.front());
      throw EngineError(ErrorCode::kVocabulary, vocabulary_.file() + ": no token begins with the byte 0x" +
                                                    kHex[byte >> 4] + kHex[byte & 15] + " of the text");
    }
    tokens.push_back(match.token);
    bytes.remove_prefix(match.size);
  }
}

void Tokenizer::Decode(std::span<const std::uint32_t> tokens, std::string& bytes) const {
  for (const std::uint32_t token : tokens) {
    const std::optional<std::string_view> part = BytesOf(token);
    if (!part) {
      throw EngineError(ErrorCode::kToken, "the token " + std::to_string(token) +
                                               " is not in the vocabulary " + vocabulary_.file());
    }
    bytes += *part;
  }
}

}  // namespace ouroboros
