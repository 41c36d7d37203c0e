// A set of byte strings laid out for longest-prefix matching: a double-array trie (Aoe 1989).
//
// Obvious alternatives: a table of 256 children per node is tens of MB for the World vocabulary and misses
// the cache at every byte; hashing every prefix costs more than one step here, which is one load and one
// comparison:
//   child = base[node] + byte, and it is a child of node if parent[child] == node.
//
// Thread safety: immutable, share freely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace ouroboros {

class Trie {
 public:
  explicit Trie(const Vocabulary& vocabulary);

  struct Match {
    std::uint32_t token;  // 0 = none
    std::size_t size;     // bytes
  };
  // The longest token that `bytes` begins with.
  Match LongestMatch(std::string_view bytes) const;

 private:
  struct Node {
    std::uint32_t base = 0;
    std::uint32_t parent = 0;  // node 0 is never a child of anything real: the root is node 1
    std::uint32_t token = 0;
  };
  class Builder;
  std::vector<Node> nodes_;
};

}  // namespace ouroboros
