// The tensors of one RWKV-7 model file under their official names, whatever the file calls them and however
// it lays them out. The loader's only door: nobody else knows of other names.
//
// Everything but the numbers is checked when the file is opened: that it is a plain RWKV-7 (x070), that no
// tensor is missing, unknown, double or misshaped. Numbers are checked as they are read.
// Thread safety: share freely but for Verify. Ownership: keeps the file open while it lives; readers get
// copies, one tensor at a time. Reading throws kFile and kChanged (byte_source.h).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files/dtype.h"
#include "files/tensor_file.h"
#include "rwkv7/parameters/tensor_names.h"
#include "rwkv7/parameters/weights.h"

namespace ouroboros {

class ModelTensors {
 public:
  // A file of any format that TensorFile reads, with names of any Naming, or the index of several
  // (model_files.h). Throws EngineError: kFile, kFormat, kChanged as they do; kArchitecture where it is no
  // plain RWKV-7 model.
  static std::unique_ptr<ModelTensors> Open(const std::string& path);

  // Sizes, as the tensors say them.
  const Shape& shape() const { return shape_; }
  // ParametersOf(shape()): all names that can be read.
  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  // The official shape. Bug if the name is not one of parameters().
  const std::vector<std::size_t>& ShapeOf(std::string_view name) const;
  // How the file stores it; of several sources the first.
  DType TypeOf(std::string_view name) const;
  // The type that most numbers of the layers' big matrices have in the file.
  DType MatrixType() const;

  // The values in the official layout, row-major; out holds exactly as many.
  // Throws EngineError(kNumbers) naming the tensor for NaN, infinities and numbers beyond kMagnitudeMax.
  void ReadF32(std::string_view name, std::span<float> out) const;
  // The same for consecutive rows of emb, head or a big matrix, as many as out has room for, from row
  // `first_row` on.
  void ReadRowsF32(std::string_view name, std::size_t first_row, std::span<float> out) const;

  // Whether the rows lie one behind the other: if not, reading some costs as much as reading all.
  bool HasRowsInOrder(std::string_view name) const;
  // The same rows as the file stores them, of type TypeOf(name).
  void ReadRowBytes(std::string_view name, std::size_t first_row, std::span<std::byte> out) const;

  Naming naming() const { return naming_; }
  // What the (first) file says besides its tensors.
  const std::map<std::string, std::string>& metadata() const { return files_.front()->metadata(); }
  // Numbers in the file's tensors, block 0's value residual included.
  std::size_t parameter_count() const { return parameter_count_; }
  // Official names and sizes of the file's tensors without influence: block 0's value residual.
  const std::vector<std::pair<std::string, std::size_t>>& unused() const { return unused_; }
  // model_files.h. Reads the whole file on every call.
  std::string Sha256() const;
  // Throws EngineError(kChanged) unless the files still hold the bytes of this Sha256(). Looks at size and
  // times first; where only times differ, the hash decides. Not beside any other call.
  void Verify(std::string_view sha256);

 private:
  // A tensor of a file.
  struct Source {
    std::size_t file, tensor;
  };
  // Where an official tensor lies.
  struct Place {
    Source source;
    StoredName stored;
  };

  explicit ModelTensors(const std::string& path);
  void IndexNames();
  void ReadShape();
  void CheckTensors();
  const TensorInfo& InfoOf(const Source& source) const;
  std::size_t CountLayers() const;
  Place Find(std::string_view name) const;
  std::size_t Dimension(const std::string& name, std::size_t from_end) const;
  void ReadTransposed(const Place& place, const ParameterInfo& parameter, std::span<float> out) const;
  [[noreturn]] void RefuseNumbers(std::string_view name) const;
  [[noreturn]] void Refuse(const std::string& reason) const;

  std::string path_;
  std::vector<std::unique_ptr<TensorFile>> files_;
  Naming naming_ = Naming::kOfficial;
  std::map<std::string, Source, std::less<>> index_;  // by the name in the file, wrappers removed
  Shape shape_{};
  std::vector<ParameterInfo> parameters_;
  struct Entry {
    const ParameterInfo* parameter;  // of parameters_
    Place place;
  };
  std::map<std::string_view, Entry> entries_;  // by official name, a view into parameters_
  std::vector<std::pair<std::string, std::size_t>> unused_;
  std::size_t parameter_count_ = 0;
};

}  // namespace ouroboros
