#include "files/torch/pickle.h"

#include <cstring>
#include <unordered_map>

#include "files/format_error.h"

namespace ouroboros {
namespace {

// A model of 10,000 tensors needs about 300,000 opcodes. One opcode makes at most one node, and moves or
// names others, so this bounds all memory.
constexpr std::size_t kOpcodesMax = std::size_t{1} << 20;
constexpr std::size_t kTextBytesMax = 1 << 16;
constexpr std::uint32_t kMark = 0xffffffff;  // on the stack only

using Kind = PickleNode::Kind;

}  // namespace

class Pickle::Machine {
 public:
  Machine(Pickle& pickle, std::span<const std::byte> bytes, const std::string& file, IsKnownGlobal is_known)
      : nodes_(pickle.nodes_), bytes_(bytes), file_(file), is_known_(is_known) {
    for (std::size_t opcodes = 0; opcodes < kOpcodesMax; ++opcodes) {
      const auto opcode = Take<unsigned char>();
      if (opcode == '.') {
        pickle.root_ = Pop();
        pickle.size_ = position_;
        return;
      }
      if (!RunSimple(opcode) && !RunStack(opcode) && !RunMemo(opcode)) RefuseOpcode(opcode);
    }
    RefuseFile(file_, "the pickle has more than " + std::to_string(kOpcodesMax) + " instructions");
  }

 private:
  // Opcodes that push a value which stands in the pickle.
  bool RunSimple(unsigned char opcode) {
    switch (opcode) {
      case 0x80:
        return CheckProtocol(Take<std::uint8_t>());
      case 0x95:
        return Take<std::uint64_t>(), true;  // FRAME: a hint for readers of streams
      case 'N':
        return PushKind(Kind::kNone);
      case 0x88:
        return PushInteger(Kind::kBool, 1);
      case 0x89:
        return PushInteger(Kind::kBool, 0);
      case 'K':
        return PushInteger(Kind::kInteger, Take<std::uint8_t>());
      case 'M':
        return PushInteger(Kind::kInteger, Take<std::uint16_t>());
      case 'J':
        return PushInteger(Kind::kInteger, Take<std::int32_t>());
      case 0x8a:
        return PushLong(Take<std::uint8_t>());
      case 'G':
        return Take<std::uint64_t>(), PushInteger(Kind::kFloat, 0);
      case 'X':
      case 'T':
      case 'B':
        return PushText(Take<std::uint32_t>());
      case 0x8c:
      case 'U':
      case 'C':
        return PushText(Take<std::uint8_t>());
      case ')':
        return PushKind(Kind::kTuple);
      case ']':
        return PushKind(Kind::kList);
      case '}':
        return PushKind(Kind::kDict);
      case 'c': {
        const std::string_view module = TakeLine();
        return PushGlobal(module, TakeLine());
      }
      default:
        return false;
    }
  }

  // Opcodes that combine what is on the stack.
  bool RunStack(unsigned char opcode) {
    switch (opcode) {
      case '(':
        return stack_.push_back(kMark), true;
      case '0':
        return Pop(), true;
      case '1':
        return PopToMark(), true;
      case 't':
        return PushTuple(PopToMark());
      case 0x85:
        return PushTuple(PopMany(1));
      case 0x86:
        return PushTuple(PopMany(2));
      case 0x87:
        return PushTuple(PopMany(3));
      case 'a':
        return AddItems(Kind::kList, PopMany(1));
      case 'e':
        return AddItems(Kind::kList, PopToMark());
      case 's':
        return AddItems(Kind::kDict, PopMany(2));
      case 'u':
        return AddItems(Kind::kDict, PopToMark());
      case 'Q': {
        PickleNode node;
        node.kind = Kind::kPersistent;
        node.arguments = Pop();
        return Push(std::move(node));
      }
      case 0x93: {
        const std::vector<std::uint32_t> names = PopMany(2);
        return PushGlobal(TextOf(names[0]), TextOf(names[1]));
      }
      case 'R': {
        PickleNode node;
        node.kind = Kind::kCall;
        node.arguments = Pop();
        node.callee = Pop();
        if (nodes_[node.callee].kind != Kind::kGlobal) Refuse("it calls something that is no function");
        return Push(std::move(node));
      }
      // BUILD sets attributes; for a state_dict they are `_metadata`, versions of modules: not needed, so
      // dropped.
      case 'b':
        return Pop(), Top(), true;
      default:
        return false;
    }
  }

  bool RunMemo(unsigned char opcode) {
    switch (opcode) {
      case 'q':
        return memo_[Take<std::uint8_t>()] = Top(), true;
      case 'r':
        return memo_[Take<std::uint32_t>()] = Top(), true;
      case 0x94: {
        const auto next = static_cast<std::uint32_t>(memo_.size());
        return memo_[next] = Top(), true;
      }
      case 'h':
        return Recall(Take<std::uint8_t>());
      case 'j':
        return Recall(Take<std::uint32_t>());
      default:
        return false;
    }
  }

  bool CheckProtocol(int protocol) {
    if (protocol < 2 || protocol > 4) Refuse("protocol " + std::to_string(protocol) + " is not read here");
    return true;
  }

  bool Recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) Refuse("it recalls what it never stored");
    stack_.push_back(found->second);
    return true;
  }

  bool Push(PickleNode node) {
    stack_.push_back(static_cast<std::uint32_t>(nodes_.size()));
    nodes_.push_back(std::move(node));
    return true;
  }
  bool PushKind(Kind kind) { return PushInteger(kind, 0); }
  bool PushInteger(Kind kind, std::int64_t integer) {
    PickleNode node;
    node.kind = kind;
    node.integer = integer;
    return Push(std::move(node));
  }

  // LONG1: two's complement, little-endian, as many bytes as needed.
  bool PushLong(std::size_t size) {
    if (size > sizeof(std::int64_t)) Refuse("an integer is too large");
    const std::string_view digits = TakeText(size);
    std::uint64_t value = !digits.empty() && (digits.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = digits.size(); i > 0; --i)
      value = (value << 8) | static_cast<unsigned char>(digits[i - 1]);
    return PushInteger(Kind::kInteger, static_cast<std::int64_t>(value));
  }

  bool PushText(std::size_t size) {
    if (size > kTextBytesMax) Refuse("a text has more than " + std::to_string(kTextBytesMax) + " bytes");
    PickleNode node;
    node.kind = Kind::kText;
    node.text = TakeText(size);
    return Push(std::move(node));
  }

  bool PushGlobal(std::string_view module, std::string_view name) {
    if (!is_known_(module, name)) {
      RefuseFile(file_, "the file asks to run " + Quoted(std::string(module) + " " + std::string(name)) +
                            ", which a model does not need; nothing was run");
    }
    PickleNode node;
    node.kind = Kind::kGlobal;
    node.text = module;
    node.name = name;
    return Push(std::move(node));
  }

  bool PushTuple(std::vector<std::uint32_t> items) {
    PickleNode node;
    node.kind = Kind::kTuple;
    node.items = std::move(items);
    return Push(std::move(node));
  }

  bool AddItems(Kind kind, const std::vector<std::uint32_t>& items) {
    PickleNode& target = nodes_[Top()];
    // An OrderedDict is the result of a call.
    if (target.kind != kind && !(kind == Kind::kDict && target.kind == Kind::kCall))
      Refuse("it adds items to a value that holds none");
    if (kind == Kind::kDict && items.size() % 2 != 0) Refuse("a dictionary has a key without a value");
    target.items.insert(target.items.end(), items.begin(), items.end());
    return true;
  }

  std::uint32_t Top() const {
    if (stack_.empty() || stack_.back() == kMark) Refuse("it takes a value from an empty stack");
    return stack_.back();
  }
  std::uint32_t Pop() {
    const std::uint32_t top = Top();
    stack_.pop_back();
    return top;
  }
  std::vector<std::uint32_t> PopMany(std::size_t count) {
    std::vector<std::uint32_t> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = Pop();
    return items;
  }
  std::vector<std::uint32_t> PopToMark() {
    std::size_t begin = stack_.size();
    while (begin > 0 && stack_[begin - 1] != kMark) --begin;
    if (begin == 0) Refuse("it looks for a mark that is not there");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<std::uint32_t> items(first, stack_.end());
    stack_.erase(first - 1, stack_.end());
    return items;
  }

  std::string_view TextOf(std::uint32_t id) const {
    if (nodes_[id].kind != Kind::kText) Refuse("the name of a global is no text");
    return nodes_[id].text;
  }

  template <typename Number>
  Number Take() {
    const std::string_view digits = TakeText(sizeof(Number));
    Number number;
    std::memcpy(&number, digits.data(), sizeof(Number));
    return number;
  }
  std::string_view TakeText(std::size_t size) {
    if (size > bytes_.size() - position_) Refuse("it ends in the middle");
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + position_, size);
    position_ += size;
    return text;
  }
  std::string_view TakeLine() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_,
                                bytes_.size() - position_);
    const std::size_t end = rest.substr(0, kTextBytesMax).find('\n');
    if (end == rest.npos) Refuse("it ends in the middle of a name");
    position_ += end + 1;
    return rest.substr(0, end);
  }

  [[noreturn]] void Refuse(const std::string& problem) const {
    RefuseFile(file_,
               "the pickle is damaged: " + problem + " (at its byte " + std::to_string(position_) + ")");
  }
  [[noreturn]] void RefuseOpcode(unsigned char opcode) const {
    Refuse("the instruction " + std::to_string(opcode) + " is none that torch.save writes for a state_dict");
  }

  std::vector<PickleNode>& nodes_;
  std::span<const std::byte> bytes_;
  const std::string& file_;
  IsKnownGlobal is_known_;
  std::size_t position_ = 0;
  std::vector<std::uint32_t> stack_;
  std::unordered_map<std::uint32_t, std::uint32_t> memo_;
};

Pickle::Pickle(std::span<const std::byte> bytes, const std::string& file, IsKnownGlobal is_known) {
  Machine(*this, bytes, file, is_known);
}

}  // namespace ouroboros
