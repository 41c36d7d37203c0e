#include "text/trie.h"

#include <algorithm>
#include <deque>

namespace ouroboros {
namespace {

constexpr std::uint32_t kRoot = 1;
constexpr std::size_t kBytes = 256;

}  // namespace

// Places nodes breadth first. A node's tokens are a range of the sorted vocabulary that shares `depth` bytes.
class Trie::Builder {
 public:
  Builder(const Vocabulary& vocabulary, std::vector<Node>& nodes) : vocabulary_(vocabulary), nodes_(nodes) {
    nodes_.resize(kRoot + 1 + kBytes);
    pending_.push_back({kRoot, 0, vocabulary.sorted().size(), 0});
    for (; !pending_.empty(); pending_.pop_front()) Place(pending_.front());
  }

 private:
  struct Range {
    std::uint32_t node;
    std::size_t begin, end;
    std::size_t depth;
  };

  std::string_view BytesAt(std::size_t i) const {
    return vocabulary_.BytesOf(vocabulary_.sorted()[i]).value_or("");
  }

  void Place(Range range) {
    // The shortest of a sorted range comes first; no two are equal.
    if (BytesAt(range.begin).size() == range.depth) {
      nodes_[range.node].token = vocabulary_.sorted()[range.begin];
      ++range.begin;
    }
    children_.clear();
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const auto byte = static_cast<unsigned char>(BytesAt(i)[range.depth]);
      if (children_.empty() || children_.back().byte != byte) children_.push_back({byte, i});
    }
    if (children_.empty()) return;
    const std::uint32_t base = FindBase();
    nodes_[range.node].base = base;
    for (std::size_t c = 0; c < children_.size(); ++c) {
      const std::uint32_t child = base + children_[c].byte;
      nodes_[child].parent = range.node;
      const std::size_t end = c + 1 < children_.size() ? children_[c + 1].begin : range.end;
      pending_.push_back({child, children_[c].begin, end, range.depth + 1});
    }
  }

  bool IsFree(std::size_t node) const { return node > kRoot && nodes_[node].parent == 0; }

  // A base at which all children fall on free nodes. Grows the array so that base + any byte is inside.
  std::uint32_t FindBase() {
    const std::size_t lowest = children_.front().byte;
    for (std::size_t tried = 0;; ++tried) {
      // Crowded regions are given up, or every wide node would search them again.
      if (tried % kSearchMax == kSearchMax - 1) first_free_ += kSearchMax / 2;
      while (!IsFree(first_free_)) Grow(++first_free_ + kBytes);
      const std::size_t candidate = std::max(first_free_, lowest) + tried;
      const std::size_t base = candidate - lowest;
      Grow(base + kBytes);
      if (std::ranges::all_of(children_, [&](const Child& child) { return IsFree(base + child.byte); })) {
        return static_cast<std::uint32_t>(base);
      }
    }
  }

  void Grow(std::size_t size) {
    if (size > nodes_.size()) nodes_.resize(size + size / 2);
  }

  static constexpr std::size_t kSearchMax = 256;
  struct Child {
    unsigned char byte;
    std::size_t begin;
  };
  const Vocabulary& vocabulary_;
  std::vector<Node>& nodes_;
  std::deque<Range> pending_;
  std::vector<Child> children_;
  std::size_t first_free_ = kRoot + 1;
};

Trie::Trie(const Vocabulary& vocabulary) {
  Builder(vocabulary, nodes_);
  // A base plus any byte must stay inside; what lies beyond the last one is not needed.
  std::uint32_t highest_base = 0;
  for (const Node& node : nodes_) highest_base = std::max(highest_base, node.base);
  nodes_.resize(highest_base + kBytes);
  nodes_.shrink_to_fit();
}

Trie::Match Trie::LongestMatch(std::string_view bytes) const {
  Match longest = {0, 0};
  std::uint32_t node = kRoot;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint32_t child = nodes_[node].base + static_cast<unsigned char>(bytes[i]);
    if (nodes_[child].parent != node) break;
    node = child;
    if (nodes_[node].token != 0) longest = {nodes_[node].token, i + 1};
  }
  return longest;
}

}  // namespace ouroboros
