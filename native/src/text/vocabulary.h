// The tokens of a vocabulary file in the World text format: ids and their bytes. Parsing and checking only;
// matching text against them is trie.h's.
//
// Thread safety: immutable, share freely. Ownership: owns all bytes; views live as long as the Vocabulary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ouroboros {

constexpr std::size_t kTokenBytesMax = 1024;                        // longest token
constexpr std::size_t kVocabularyBytesMax = std::size_t{16} << 20;  // of a file; the World file has 1.1 MB
constexpr std::uint32_t kTokenIdMax = std::uint32_t{1} << 20;       // highest id

class Vocabulary {
 public:
  // `text` is the whole file; `file` names it in messages. Ids are unique and in 1 .. kTokenIdMax, in any
  // order; no two ids have the same bytes. Throws EngineError(kVocabulary) naming file and line.
  static Vocabulary Parse(std::string_view text, const std::string& file);

  // Highest id + 1.
  std::size_t size() const { return spans_.size(); }
  // sha256 of the file, lower-case hex.
  const std::string& hash() const { return hash_; }
  const std::string& file() const { return file_; }
  // Nothing where the id has no entry; empty for id 0.
  std::optional<std::string_view> BytesOf(std::uint32_t token) const;
  // All ids that have bytes, ordered by their bytes.
  std::span<const std::uint32_t> sorted() const { return sorted_; }

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;  // 0 = no entry
  };
  std::string pool_;
  std::vector<Span> spans_;  // by id
  std::vector<std::uint32_t> sorted_;
  std::string hash_;
  std::string file_;
};

}  // namespace ouroboros
