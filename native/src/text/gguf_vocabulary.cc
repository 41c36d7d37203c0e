#include "text/gguf_vocabulary.h"

#include <optional>

#include "base/error.h"
#include "files/gguf/gguf.h"
#include "text/literal.h"

namespace ouroboros {
namespace {

constexpr std::int32_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5;

std::string HexEscape(unsigned char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  return {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

std::string Escaped(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\t') {
      text += "\\t";
    } else if (byte < 0x20 || byte > 0x7e) {
      text += HexEscape(byte);
    } else {
      text.push_back(c);
    }
  }
  return text;
}

// The bytes that a row's text stands for. repr leaves the quote that it does not use as it is.
std::string Unescaped(std::string_view text, std::size_t row, const std::string& file) {
  std::string literal = "b'";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') literal += '\\';
    literal += text[i];
    if (text[i] == '\\' && i + 1 < text.size()) literal += text[++i];
  }
  literal += '\'';
  Literal parsed = ParseLiteral(literal);
  if (parsed.problem == nullptr) return std::move(parsed.bytes);
  throw EngineError(ErrorCode::kVocabulary, file + ": token " + std::to_string(row) + ": " + parsed.problem);
}

[[noreturn]] void Refuse(const std::string& file, const char* problem) {
  throw EngineError(ErrorCode::kVocabulary, file + ": " + problem);
}

}  // namespace

GgufTokens ToGgufTokens(const Vocabulary& vocabulary, std::size_t rows) {
  if (vocabulary.size() > rows)
    Refuse(vocabulary.file(), "the vocabulary has more tokens than the model has rows");
  GgufTokens tokens;
  tokens.texts.push_back("<s>");
  tokens.types.push_back(kControl);
  for (std::uint32_t id = 1; id < rows; ++id) {
    const std::optional<std::string_view> bytes = vocabulary.BytesOf(id);
    tokens.texts.push_back(bytes ? Escaped(*bytes) : "[PAD" + std::to_string(id) + "]");
    tokens.types.push_back(bytes ? kNormal : kUnused);
  }
  return tokens;
}

std::string WorldTextOfGguf(const ByteSource& bytes, const std::string& file) {
  const TensorTable table = ParseGguf(bytes, file);
  const auto model = table.metadata.find("tokenizer.ggml.model");
  if (model == table.metadata.end() || model->second != "rwkv") {
    Refuse(file, "it holds no vocabulary of an RWKV model; name one");
  }
  const auto texts = GgufTexts(bytes, file, "tokenizer.ggml.tokens");
  if (!texts) Refuse(file, "it names no tokens");
  if (texts->size() > std::size_t{kTokenIdMax} + 1) Refuse(file, "it names too many tokens");
  const auto types = GgufIntegers(bytes, file, "tokenizer.ggml.token_type");
  if (types && types->size() != texts->size())
    Refuse(file, "it has another number of tokens than of their types");

  std::string world;
  for (std::size_t row = 1; row < texts->size(); ++row) {
    const std::int32_t type = types ? (*types)[row] : kNormal;
    if (type != kNormal && type != kUserDefined) continue;
    const std::string token = Unescaped((*texts)[row], row, file);
    world += std::to_string(row) + " b'";
    for (const char c : token) world += HexEscape(static_cast<unsigned char>(c));
    world += "' " + std::to_string(token.size()) + '\n';
  }
  return world;
}

}  // namespace ouroboros
