#include "text/vocabulary.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/sha256.h"
#include "text/literal.h"

namespace ouroboros {
namespace {

constexpr std::size_t kLineBytesMax = 16 * 1024;  // a token of kTokenBytesMax, all escaped, fits

[[noreturn]] void Refuse(const std::string& file, std::size_t line, const std::string& problem) {
  throw EngineError(ErrorCode::kVocabulary, file + ", line " + std::to_string(line) + ": " + problem);
}

std::optional<std::uint32_t> ParseNumber(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Entry {
  std::uint32_t id;
  std::string bytes;
};

// `id literal byte_length`, split at the first and the last space: the literal itself may hold spaces.
Entry ParseLine(std::string_view text, const std::string& file, std::size_t line) {
  const std::size_t first = text.find(' '), last = text.rfind(' ');
  if (first == text.npos || first == last) Refuse(file, line, "expected `id literal byte_length`");
  const std::optional<std::uint32_t> id = ParseNumber(text.substr(0, first));
  if (!id || *id == 0 || *id > kTokenIdMax) {
    Refuse(file, line, "the id must be a number from 1 to " + std::to_string(kTokenIdMax));
  }
  const Literal literal = ParseLiteral(text.substr(first + 1, last - first - 1));
  if (literal.problem != nullptr) Refuse(file, line, literal.problem);
  if (literal.bytes.empty()) Refuse(file, line, "the token has no bytes");
  if (literal.bytes.size() > kTokenBytesMax) {
    Refuse(file, line, "the token is longer than " + std::to_string(kTokenBytesMax) + " bytes");
  }
  if (ParseNumber(text.substr(last + 1)) != literal.bytes.size()) {
    Refuse(
        file, line,
        "the length does not match the token, which has " + std::to_string(literal.bytes.size()) + " bytes");
  }
  return {*id, literal.bytes};
}

}  // namespace

Vocabulary Vocabulary::Parse(std::string_view text, const std::string& file) {
  if (text.size() > kVocabularyBytesMax) {
    throw EngineError(ErrorCode::kVocabulary, file + ": too large for a vocabulary (more than " +
                                                  std::to_string(kVocabularyBytesMax) + " bytes)");
  }
  Vocabulary vocabulary;
  vocabulary.file_ = file;
  vocabulary.hash_ = Sha256Hex(std::as_bytes(std::span(text)));
  vocabulary.spans_.resize(1);
  std::vector<std::size_t> lines(1, 0);  // by id: where it was defined

  std::size_t line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > kLineBytesMax) Refuse(file, line, "the line is too long");
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.ends_with('\r')) content.remove_suffix(1);

    const Entry entry = ParseLine(content, file, line);
    if (entry.id >= vocabulary.spans_.size()) {
      vocabulary.spans_.resize(entry.id + 1);
      lines.resize(entry.id + 1, 0);
    }
    if (lines[entry.id] != 0) {
      Refuse(
          file, line,
          "id " + std::to_string(entry.id) + " was used before, in line " + std::to_string(lines[entry.id]));
    }
    lines[entry.id] = line;
    vocabulary.spans_[entry.id] = {static_cast<std::uint32_t>(vocabulary.pool_.size()),
                                   static_cast<std::uint32_t>(entry.bytes.size())};
    vocabulary.pool_ += entry.bytes;
    vocabulary.sorted_.push_back(entry.id);
  }
  if (vocabulary.sorted_.empty())
    throw EngineError(ErrorCode::kVocabulary, file + ": the vocabulary is empty");

  const auto bytes_of = [&](std::uint32_t id) { return vocabulary.BytesOf(id).value_or(""); };
  std::ranges::sort(vocabulary.sorted_, {}, bytes_of);
  const auto twin = std::ranges::adjacent_find(vocabulary.sorted_, {}, bytes_of);
  if (twin != vocabulary.sorted_.end()) {
    const std::size_t a = lines[twin[0]], b = lines[twin[1]];
    Refuse(file, std::max(a, b), "the same token stands in line " + std::to_string(std::min(a, b)));
  }
  return vocabulary;
}

std::optional<std::string_view> Vocabulary::BytesOf(std::uint32_t token) const {
  if (token == 0) return std::string_view();
  if (token >= spans_.size() || spans_[token].size == 0) return std::nullopt;
  return std::string_view(pool_).substr(spans_[token].begin, spans_[token].size);
}

}  // namespace ouroboros
