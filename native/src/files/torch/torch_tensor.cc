#include "files/torch/torch_tensor.h"

#include <array>
#include <set>

#include "files/format_error.h"

namespace ouroboros {
namespace {

using Kind = PickleNode::Kind;

constexpr std::size_t kRankMax = 16;

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr std::array<StorageType, 10> kStorageTypes = {{{"FloatStorage", DType::kF32},
                                                        {"BFloat16Storage", DType::kBf16},
                                                        {"HalfStorage", DType::kF16},
                                                        {"DoubleStorage", DType::kF64},
                                                        {"LongStorage", DType::kI64},
                                                        {"IntStorage", DType::kI32},
                                                        {"ShortStorage", DType::kI16},
                                                        {"CharStorage", DType::kI8},
                                                        {"ByteStorage", DType::kU8},
                                                        {"BoolStorage", DType::kBool}}};

struct Global {
  std::string_view module, name;
};
constexpr Global kOrderedDict = {"collections", "OrderedDict"};
constexpr Global kRebuildTensor = {"torch._utils", "_rebuild_tensor_v2"};
constexpr Global kRebuildParameter = {"torch._utils", "_rebuild_parameter"};
constexpr Global kSize = {"torch", "Size"};

bool IsGlobal(const PickleNode& node, Global global) {
  return node.kind == Kind::kGlobal && node.text == global.module && node.name == global.name;
}

std::optional<DType> StorageDType(std::string_view module, std::string_view name) {
  if (module != "torch") return std::nullopt;
  for (const StorageType& type : kStorageTypes) {
    if (type.name == name) return type.dtype;
  }
  return std::nullopt;
}

bool IsCallOf(const Pickle& pickle, const PickleNode& node, Global global) {
  return node.kind == Kind::kCall && IsGlobal(pickle.node(node.callee), global);
}

// One tensor on its way from the pickle to the table; knows its name for messages.
class TensorReader {
 public:
  TensorReader(const Pickle& pickle, const std::string& file, std::string_view name)
      : pickle_(pickle), file_(file), name_(name) {}

  struct View {
    TorchStorage storage;
    std::size_t offset;  // in elements, as the strides
    std::vector<std::size_t> shape, strides;
  };

  View Read(const PickleNode& node) const {
    if (IsCallOf(pickle_, node, kRebuildParameter)) return ReadTensor(Arguments(node, 1)[0]);
    return ReadTensor(node);
  }

  // Every element of the view lies in its storage, and the view is not larger than the storage (an expanded
  // view of a few bytes could claim any size).
  void Check(const View& view) const {
    const std::optional<std::size_t> count = ElementCount(view.shape);
    if (!count || *count > view.storage.elements) Refuse("has more elements than its storage");
    if (*count == 0) return;
    std::size_t room = view.storage.elements - 1;  // what is left to the last element of the storage
    if (view.offset > room) Refuse("begins after the end of its storage");
    room -= view.offset;
    for (std::size_t d = 0; d < view.shape.size(); ++d) {
      const std::size_t steps = view.shape[d] - 1;
      if (steps != 0 && view.strides[d] > room / steps) Refuse("reaches beyond the end of its storage");
      room -= steps * view.strides[d];
    }
  }

 private:
  View ReadTensor(const PickleNode& node) const {
    if (!IsCallOf(pickle_, node, kRebuildTensor)) {
      Refuse("is not a tensor; save the state_dict of the model alone");
    }
    const std::array<PickleNode, 4> arguments = Arguments(node, 4);
    if (arguments[0].kind != Kind::kPersistent) Refuse("has no storage");
    View view = {ReadStorage(pickle_, arguments[0], file_), Number(arguments[1]), Numbers(arguments[2]),
                 Numbers(arguments[3])};
    if (view.shape.size() != view.strides.size()) Refuse("has a shape and strides of different lengths");
    if (view.shape.size() > kRankMax) Refuse("has too many dimensions");
    return view;
  }

  // The first `count` arguments of a call; at most four are ever needed.
  std::array<PickleNode, 4> Arguments(const PickleNode& call, std::size_t count) const {
    const PickleNode& tuple = pickle_.node(call.arguments);
    if (tuple.kind != Kind::kTuple || tuple.items.size() < count) Refuse("lacks arguments");
    std::array<PickleNode, 4> arguments;
    for (std::size_t i = 0; i < count; ++i) arguments[i] = pickle_.node(tuple.items[i]);
    return arguments;
  }

  std::size_t Number(const PickleNode& node) const {
    if (node.kind != Kind::kInteger || node.integer < 0)
      Refuse("has a size, stride or offset that is no whole number");
    return static_cast<std::size_t>(node.integer);
  }

  // A tuple of numbers, or torch.Size of one.
  std::vector<std::size_t> Numbers(const PickleNode& node) const {
    const PickleNode tuple = IsCallOf(pickle_, node, kSize) ? Arguments(node, 1)[0] : node;
    if (tuple.kind != Kind::kTuple) Refuse("has a shape that is no tuple");
    std::vector<std::size_t> numbers;
    for (const std::uint32_t item : tuple.items) numbers.push_back(Number(pickle_.node(item)));
    return numbers;
  }

  [[noreturn]] void Refuse(const char* problem) const {
    RefuseFile(file_, "entry " + Quoted(name_) + " " + problem);
  }

  const Pickle& pickle_;
  const std::string& file_;
  std::string_view name_;
};

// Dimensions of one element may have any stride.
bool IsRowMajor(const TensorReader::View& view) {
  std::size_t expected = 1;
  for (std::size_t d = view.shape.size(); d > 0; --d) {
    if (view.shape[d - 1] != 1 && view.strides[d - 1] != expected) return false;
    expected *= view.shape[d - 1];
  }
  return true;
}

}  // namespace

bool IsStateDictGlobal(std::string_view module, std::string_view name) {
  for (const Global& global : {kOrderedDict, kRebuildTensor, kRebuildParameter, kSize}) {
    if (module == global.module && name == global.name) return true;
  }
  return StorageDType(module, name).has_value();
}

TorchStorage ReadStorage(const Pickle& pickle, const PickleNode& node, const std::string& file) {
  const auto refuse = [&] { RefuseFile(file, "a storage is not described as torch.save does"); };
  const PickleNode& id = pickle.node(node.arguments);
  if (id.kind != Kind::kTuple || id.items.size() < 5) refuse();
  const PickleNode &kind = pickle.node(id.items[0]), &type = pickle.node(id.items[1]);
  const PickleNode &key = pickle.node(id.items[2]), &elements = pickle.node(id.items[4]);
  if (kind.text != "storage" || type.kind != Kind::kGlobal || key.kind != Kind::kText) refuse();
  if (elements.kind != Kind::kInteger || elements.integer < 0) refuse();
  // Old files may describe a storage as a part of another one.
  if (id.items.size() > 5 && pickle.node(id.items[5]).kind != Kind::kNone) refuse();
  const std::optional<DType> dtype = StorageDType(type.text, type.name);
  if (!dtype) refuse();
  return {key.text, dtype.value_or(DType::kF32), static_cast<std::size_t>(elements.integer)};
}

TensorTable ReadStateDict(const Pickle& pickle, const std::string& file,
                          FunctionRef<std::size_t(const TorchStorage& storage)> begin_of) {
  const PickleNode& root = pickle.root();
  if (root.kind != Kind::kDict && !IsCallOf(pickle, root, kOrderedDict)) {
    RefuseFile(file, "it does not hold a dictionary of tensors; save the state_dict of the model");
  }
  TensorTable table;
  table.format = FileFormat::kTorch;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const PickleNode& key = pickle.node(root.items[i]);
    if (key.kind != Kind::kText) RefuseFile(file, "the name of a tensor is no text");
    if (!names.insert(key.text).second) RefuseFile(file, "the name " + Quoted(key.text) + " occurs twice");
    const TensorReader reader(pickle, file, key.text);
    TensorReader::View view = reader.Read(pickle.node(root.items[i + 1]));
    reader.Check(view);
    const std::size_t begin = begin_of(view.storage);
    // An empty tensor has no element that its offset could point at.
    const bool is_empty = ElementCount(view.shape) == std::size_t{0};
    const std::size_t offset = is_empty ? 0 : DTypeBytes(view.storage.dtype, view.offset);
    if (is_empty || IsRowMajor(view)) view.strides.clear();
    table.infos.push_back({std::string(key.text), view.storage.dtype, std::move(view.shape)});
    table.places.push_back({begin + offset, std::move(view.strides)});
  }
  return table;
}

}  // namespace ouroboros
