// The little JSON (RFC 8259) that a safetensors header needs: a strict cursor over objects, arrays, strings
// and unsigned integers. Not a document model: the caller asks for what the schema says, so depth is bounded
// by the schema.
//
// Thread safety: one object, one thread. Ownership: keeps a view of `text`, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ouroboros {

// `text`, which is UTF-8, as a JSON string with its quotes.
std::string JsonString(std::string_view text);

class JsonCursor {
 public:
  // `file` names the source in errors: every member throws EngineError(kFormat) where the text is not what it
  // expects.
  JsonCursor(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  // Skips white space, then takes this punctuation.
  void Expect(char punctuation);
  // The same, but only if it stands there.
  bool Accept(char punctuation);
  // Whether a string comes next.
  bool IsString();
  std::string String();
  // Digits only: no sign, fraction, exponent or leading zero; at most 2^53 (what JSON numbers carry exactly).
  std::uint64_t Unsigned();
  // Only white space may be left.
  void ExpectEnd();

 private:
  void SkipSpace();
  std::uint32_t HexEscape();
  void AppendEscape(std::string& text);
  [[noreturn]] void Refuse(const std::string& problem) const;

  std::string_view text_;
  const std::string& file_;
  std::size_t position_ = 0;
};

}  // namespace ouroboros
