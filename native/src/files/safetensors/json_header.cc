#include "files/safetensors/json_header.h"

#include "base/utf8.h"
#include "files/format_error.h"

namespace ouroboros {
namespace {

constexpr std::uint32_t kSurrogateFirst = 0xd800, kLowSurrogateFirst = 0xdc00, kSurrogateLast = 0xdfff;

}  // namespace

std::string JsonString(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const unsigned char code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (code < 0x20) {
      json += "\\u00";
      json.push_back(kHex[code >> 4]);
      json.push_back(kHex[code & 15]);
    } else {
      json.push_back(c);
    }
  }
  json.push_back('"');
  return json;
}

void JsonCursor::Refuse(const std::string& problem) const {
  RefuseFile(file_, "the header is not valid: " + problem + " at its byte " + std::to_string(position_));
}

void JsonCursor::SkipSpace() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    ++position_;
  }
}

bool JsonCursor::Accept(char punctuation) {
  SkipSpace();
  if (position_ >= text_.size() || text_[position_] != punctuation) return false;
  ++position_;
  return true;
}

bool JsonCursor::IsString() {
  SkipSpace();
  return position_ < text_.size() && text_[position_] == '"';
}

void JsonCursor::Expect(char punctuation) {
  if (!Accept(punctuation)) Refuse(std::string("expected `") + punctuation + "`");
}

void JsonCursor::ExpectEnd() {
  SkipSpace();
  if (position_ < text_.size()) Refuse("text after the end");
}

std::uint64_t JsonCursor::Unsigned() {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 53;
  SkipSpace();
  const std::size_t begin = position_;
  std::uint64_t value = 0;
  while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
    value = value * 10 + static_cast<std::uint64_t>(text_[position_] - '0');
    if (value > kMax) Refuse("a number is too large");
    ++position_;
  }
  if (position_ == begin) Refuse("expected a whole number");
  if (text_[begin] == '0' && position_ - begin > 1) Refuse("a number has a leading zero");
  return value;
}

std::string JsonCursor::String() {
  Expect('"');
  std::string value;
  for (;;) {
    if (position_ >= text_.size()) Refuse("a string does not end");
    const char c = text_[position_++];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) Refuse("a control character in a string");
    if (c == '\\') {
      AppendEscape(value);
    } else {
      value.push_back(c);
    }
  }
  if (!IsUtf8(value)) Refuse("a string is not UTF-8");
  return value;
}

void JsonCursor::AppendEscape(std::string& value) {
  if (position_ >= text_.size()) Refuse("a string does not end");
  constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  const char name = text_[position_++];
  if (const std::size_t i = kNames.find(name); i != kNames.npos) {
    value.push_back(kMeanings[i]);
    return;
  }
  if (name != 'u') Refuse("an unknown escape in a string");
  std::uint32_t code = HexEscape();
  if (code >= kSurrogateFirst && code < kLowSurrogateFirst && text_.substr(position_, 2) == "\\u") {
    position_ += 2;
    const std::uint32_t low = HexEscape();
    if (low < kLowSurrogateFirst || low > kSurrogateLast) Refuse("half a surrogate pair in a string");
    code = 0x10000 + ((code - kSurrogateFirst) << 10) + (low - kLowSurrogateFirst);
  }
  if (!IsScalarValue(code)) Refuse("half a surrogate pair in a string");
  AppendUtf8(code, value);
}

std::uint32_t JsonCursor::HexEscape() {
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = position_ < text_.size() ? text_[position_] : '\0';
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    if (digit == 16) Refuse("four hex digits must follow \\u");
    code = code * 16 + digit;
    ++position_;
  }
  return code;
}

}  // namespace ouroboros
