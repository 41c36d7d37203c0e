#include "rwkv7/served/served_model.h"

#include <algorithm>
#include <functional>
#include <span>

#include "base/error.h"
#include "base/threads/thread_pool.h"

namespace ouroboros {
namespace {

// Panels read and packed as one task.
constexpr std::size_t kPanelsAtOnce = 8;
// Rows of the embedding copied as one task.
constexpr std::size_t kRowsAtOnce = 512;
constexpr std::size_t kAlign = 64;

std::size_t Aligned(std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

WeightType LosslessType(DType type) {
  switch (type) {
    case DType::kBf16:
      return WeightType::kBf16;
    case DType::kQ8_0:
      return WeightType::kQ8;
    case DType::kQ4_0:
      return WeightType::kQ4;
    default:
      return WeightType::kF32;
  }
}

// At four bits the head's errors are those that show most (SPEED.md, "What weight types cost").
WeightType TypeOf(const ParameterInfo& parameter, WeightType type) {
  return parameter.name == "head.weight" && type == WeightType::kQ4 ? WeightType::kQ8 : type;
}

// read(), and again where the file changed meanwhile: it may only have been renamed or given other
// permissions.
template <typename Read>
auto UnlessChanged(const Read& read) {
  constexpr int kAttemptsMax = 3;
  for (int attempt = 1;; ++attempt) {
    try {
      return read();
    } catch (const EngineError& error) {
      if (error.code() != ErrorCode::kChanged || attempt == kAttemptsMax) throw;
    }
  }
}

}  // namespace

// Where numbers come from: a file, or masters in memory.
class ServedModel::Packer {
 public:
  Packer(ServedModel& model, std::size_t threads)
      : model_(model), pool_(threads), lane_(pool_, Priority::kGenerate) {}

  void Run(const std::vector<ParameterInfo>& parameters) {
    model_.weights_.blocks.resize(model_.shape_.layers);
    PlaceMatrices(parameters);
    CopyVectors(parameters);
    // The longest first. Each task alone knows where its numbers come from and go.
    if (model_.tensors_ != nullptr) tasks_.push_back([this] { model_.hash_ = model_.tensors_->Sha256(); });
    for (const Part& part : parts_) AddPacking(part);
    AddEmbedding();
    lane_.ParallelFor(tasks_.size(), [this](std::size_t task) { tasks_[task](); });
  }

 private:
  struct Part {
    const ParameterInfo* parameter;
    PackedMatrix* matrix;
    std::byte* values;
    std::uint16_t* scales;
  };
  struct Panels {
    std::size_t first, last;
  };

  // All matrices in one piece of memory, in the order in which a token reads them.
  void PlaceMatrices(const std::vector<ParameterInfo>& parameters) {
    std::size_t total = 0;
    std::vector<std::size_t> places;
    for (const ParameterInfo& parameter : parameters) {
      if (!IsServedPacked(parameter)) continue;
      const MatrixLayout layout = MatrixLayoutOf(parameter);
      PackedMatrix& matrix = PackedSlotOf(model_.weights_, parameter.name);
      matrix.type = TypeOf(parameter, model_.type_);
      matrix.outputs = layout.outputs;
      matrix.inputs = layout.inputs;
      const PackedBytes bytes = PackedBytesOf(matrix.type, matrix.outputs, matrix.inputs);
      parts_.push_back({&parameter, &matrix, nullptr, nullptr});
      places.push_back(total);
      total += Aligned(bytes.values) + Aligned(bytes.scales);
    }
    model_.packed_ = WeightMemory(total);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      part.values = model_.packed_.data() + places[i];
      part.matrix->values = part.values;
      if (!IsQuantized(part.matrix->type)) continue;
      const PackedBytes bytes = PackedBytesOf(part.matrix->type, part.matrix->outputs, part.matrix->inputs);
      part.scales = reinterpret_cast<std::uint16_t*>(part.values + Aligned(bytes.values));
      part.matrix->scales = part.scales;
    }
  }

  void AddPacking(const Part& part) {
    const bool is_in_memory = model_.checkpoint_ != nullptr;
    const bool has_rows = !is_in_memory && MatrixLayoutOf(*part.parameter).input_stride == 1 &&
                          model_.tensors_->HasRowsInOrder(part.parameter->name);
    const std::size_t panels = part.matrix->panels();
    const std::size_t at_once = is_in_memory || has_rows ? kPanelsAtOnce : panels;  // the others are small
    for (std::size_t first = 0; first < panels; first += at_once) {
      const Panels some = {first, std::min(first + at_once, panels)};
      if (is_in_memory || !has_rows) {
        tasks_.push_back([this, &part, some] { PackFromWhole(part, some); });
      } else {
        tasks_.push_back([this, &part, some] { PackFromRows(part, some); });
      }
    }
  }

  // From all of the tensor's numbers.
  void PackFromWhole(const Part& part, const Panels& panels) const {
    const MatrixLayout layout = MatrixLayoutOf(*part.parameter);
    Buffer read;
    const float* const values = Values(*part.parameter, read);
    PackPanels(*part.matrix, part.values, part.scales, {values, layout.output_stride, layout.input_stride},
               panels.first, panels.last);
  }

  // From the rows of the file that these panels hold.
  void PackFromRows(const Part& part, const Panels& panels) {
    const std::size_t inputs = part.matrix->inputs, first = panels.first * kPanel;
    const std::size_t rows = std::min(panels.last * kPanel, part.matrix->outputs) - first;
    const std::span<float> read = lane_.WorkerScratch(rows * inputs);
    model_.tensors_->ReadRowsF32(part.parameter->name, first, read);
    PackPanels(*part.matrix, part.values, part.scales, {read.data() - first * inputs, inputs, 1},
               panels.first, panels.last);
  }

  // A tensor's numbers, in the official layout.
  const float* Values(const ParameterInfo& parameter, Buffer& read) const {
    if (model_.checkpoint_ != nullptr) {
      return model_.checkpoint_->values.data() + parameter.offset;
    }
    read.Grow(parameter.count);
    model_.tensors_->ReadF32(parameter.name, read.span());
    return read.data();
  }

  void CopyVectors(const std::vector<ParameterInfo>& parameters) {
    std::vector<ParameterInfo> vectors;
    for (const ParameterInfo& parameter : parameters) {
      if (!IsServedPacked(parameter) && parameter.name != "emb.weight") vectors.push_back(parameter);
    }
    const std::vector<ParameterInfo> official = vectors;
    AssignOffsets(vectors);
    model_.vectors_.Grow(ArenaSize(vectors));
    Weights view;
    view.blocks.resize(model_.shape_.layers);
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      Buffer read;
      float* const to = model_.vectors_.data() + vectors[i].offset;
      std::copy_n(Values(official[i], read), vectors[i].count, to);
      *SlotOf(view, vectors[i].name) = to;
    }
    model_.weights_.ln_out = view.ln_out;
    for (std::size_t layer = 0; layer < model_.shape_.layers; ++layer) {
      model_.weights_.blocks[layer].vectors = view.blocks[layer];
    }
  }

  // As the file stores it: a token widens one row of it, so that the others need not be.
  void AddEmbedding() {
    Embedding& emb = model_.weights_.emb;
    if (model_.checkpoint_ != nullptr) {
      emb = {reinterpret_cast<const std::byte*>(model_.checkpoint_->weights.emb), DType::kF32};
      return;
    }
    const std::size_t rows = model_.shape_.vocabulary;
    const DType type = model_.tensors_->TypeOf("emb.weight");
    const std::size_t row_bytes = DTypeBytes(type, model_.shape_.width);
    model_.embedding_ = WeightMemory(rows * row_bytes);
    std::byte* const to = model_.embedding_.data();
    emb = {to, type};
    const std::size_t at_once = model_.tensors_->HasRowsInOrder("emb.weight") ? kRowsAtOnce : rows;
    for (std::size_t first = 0; first < rows; first += at_once) {
      const std::size_t count = std::min(at_once, rows - first);
      tasks_.push_back([this, first, out = std::span(to + first * row_bytes, count * row_bytes)] {
        model_.tensors_->ReadRowBytes("emb.weight", first, out);
      });
    }
  }

  ServedModel& model_;
  ThreadPool pool_;
  Lane lane_;
  std::vector<Part> parts_;
  std::vector<std::function<void()>> tasks_;
};

std::shared_ptr<const ServedModel> ServedModel::Load(const std::string& path, std::optional<WeightType> type,
                                                     std::size_t threads) {
  return UnlessChanged([&] { return LoadOnce(path, type, threads); });
}

std::shared_ptr<const ServedModel> ServedModel::LoadOnce(const std::string& path,
                                                         std::optional<WeightType> type,
                                                         std::size_t threads) {
  std::unique_ptr<ModelTensors> tensors = ModelTensors::Open(path);
  const std::shared_ptr<ServedModel> model(new ServedModel());
  model->shape_ = tensors->shape();
  model->type_ = type.value_or(LosslessType(tensors->MatrixType()));
  model->parameter_count_ = tensors->parameter_count();
  model->tensors_ = std::move(tensors);
  Packer(*model, threads).Run(model->tensors_->parameters());
  return model;
}

std::shared_ptr<const ServedModel> ServedModel::Of(std::shared_ptr<const Checkpoint> checkpoint,
                                                   WeightType type, std::size_t threads) {
  const std::shared_ptr<ServedModel> model(new ServedModel());
  model->shape_ = checkpoint->shape;
  model->type_ = type;
  model->parameter_count_ = checkpoint->parameter_count;
  model->hash_ = checkpoint->hash;
  model->checkpoint_ = std::move(checkpoint);
  Packer(*model, threads).Run(model->checkpoint_->parameters);
  return model;
}

std::size_t ServedModel::bytes() const {
  return packed_.size() + embedding_.size() + vectors_.size() * sizeof(float);
}

std::shared_ptr<const Checkpoint> ServedModel::Masters() const {
  if (checkpoint_ != nullptr) return checkpoint_;
  const std::lock_guard lock(masters_mutex_);
  std::shared_ptr<const Checkpoint> masters = masters_.lock();
  if (masters == nullptr) {
    masters = UnlessChanged([this] {
      tensors_->Verify(hash_);
      return ReadCheckpoint(*tensors_, hash_);
    });
    masters_ = masters;
  }
  return masters;
}

}  // namespace ouroboros
