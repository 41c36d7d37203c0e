// Reads a Python pickle (protocols 2 to 4) as plain data. Nothing in it is ever executed.
//
// A pickle is a program for a stack machine whose dangerous instructions import a name (GLOBAL) and call it
// (REDUCE, BUILD). Here an import is a node that holds the name, refused at once unless the caller knows it,
// and a call is a node that holds callee and arguments; what they mean is the caller's business. So loading
// has no side effects by construction, not by filtering.
//
// Sources: Python Lib/pickletools.py (opcodes). Thread safety: one object, one thread.
// Ownership: texts are views into the pickle's bytes, which must outlive the Pickle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ouroboros {

struct PickleNode {
  enum class Kind : std::uint8_t {
    kNone,
    kBool,        // integer
    kInteger,     // integer
    kFloat,       // value not kept: nothing that is read here needs it
    kText,        // text (str or bytes)
    kTuple,       // items
    kList,        // items
    kDict,        // items: key, value, key, value ...
    kGlobal,      // text = module, name
    kCall,        // callee, arguments; items as a dict's when entries were set on the result
    kPersistent,  // arguments: the persistent id
  };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;
  std::string_view text, name;
  std::uint32_t callee = 0, arguments = 0;
  std::vector<std::uint32_t> items;  // ids of nodes
};

// Whether a global may occur in a pickle.
using IsKnownGlobal = bool (*)(std::string_view module, std::string_view name);

class Pickle {
 public:
  // Reads one pickle from the front of `bytes`.
  // Throws EngineError(kFormat) naming `file`: malformed, too large, an unknown global, or an opcode out of
  // the set.
  Pickle(std::span<const std::byte> bytes, const std::string& file, IsKnownGlobal is_known);

  const PickleNode& node(std::uint32_t id) const { return nodes_[id]; }
  // All nodes that were ever made, in the order of the pickle.
  std::span<const PickleNode> nodes() const { return nodes_; }
  const PickleNode& root() const { return nodes_[root_]; }
  // Bytes up to and with STOP: where the next pickle of a stream begins.
  std::size_t size() const { return size_; }

 private:
  class Machine;
  std::vector<PickleNode> nodes_;
  std::uint32_t root_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ouroboros
