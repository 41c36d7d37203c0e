#include "text/literal.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "base/utf8.h"

namespace ouroboros {
namespace {

constexpr const char* kBadEscape =
    "the literal has an escape other than \\t \\n \\r \\\\ \\' \\\" \\xHH \\uHHHH \\UHHHHHHHH";

std::optional<std::uint32_t> ParseHex(std::string_view digits, std::size_t count) {
  if (digits.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, value, 16);
  if (error != std::errc() || end != digits.data() + count) return std::nullopt;
  return value;
}

// Takes one escape (after its backslash) off the front of `text`; returns what is wrong with it, or null.
const char* TakeEscape(std::string_view& text, bool is_bytes, std::string& bytes) {
  if (text.empty()) return kBadEscape;
  constexpr std::string_view kNames = "tnr\\'\"", kMeanings = "\t\n\r\\'\"";
  const char name = text.front();
  text.remove_prefix(1);
  if (const std::size_t i = kNames.find(name); i != kNames.npos) {
    bytes.push_back(kMeanings[i]);
    return nullptr;
  }
  const std::size_t digits = name == 'x'                ? 2
                             : name == 'u' && !is_bytes ? 4
                             : name == 'U' && !is_bytes ? 8
                                                        : 0;
  if (digits == 0) return kBadEscape;
  const std::optional<std::uint32_t> code = ParseHex(text, digits);
  if (!code) return kBadEscape;
  text.remove_prefix(digits);
  if (is_bytes) {
    bytes.push_back(static_cast<char>(*code));
  } else if (IsScalarValue(*code)) {
    AppendUtf8(*code, bytes);
  } else {
    return "the literal has an escape that is no Unicode character";
  }
  return nullptr;
}

}  // namespace

Literal ParseLiteral(std::string_view text) {
  const bool is_bytes = text.starts_with('b');
  if (is_bytes) text.remove_prefix(1);
  const char quote = text.empty() ? '\0' : text.front();
  if (text.size() < 2 || (quote != '\'' && quote != '"') || text.back() != quote) {
    return {"", "the literal needs quotes around it"};
  }
  text = text.substr(1, text.size() - 2);
  if (!IsUtf8(text)) return {"", "the literal is not UTF-8"};

  std::string bytes;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == quote) return {"", "the literal has an unescaped quote"};
    if (is_bytes && static_cast<unsigned char>(c) >= 0x80) return {"", "a bytes literal must be ASCII"};
    if (c != '\\') {
      bytes.push_back(c);
    } else if (const char* problem = TakeEscape(text, is_bytes, bytes); problem != nullptr) {
      return {"", problem};
    }
  }
  return {bytes, nullptr};
}

}  // namespace ouroboros
