// What a parser of a model file finds: which tensors there are and where their elements lie among the file's
// bytes. Values only; the reader that fills a TensorTable has checked that every element lies inside the
// file.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "files/dtype.h"

namespace ouroboros {

struct TensorInfo {
  std::string name;
  DType dtype;
  std::vector<std::size_t> shape;  // outermost first; empty for a single number
};

struct TensorPlace {
  std::size_t begin;                 // byte offset of element 0 from the start of the file
  std::vector<std::size_t> strides;  // in elements, one per dimension; empty = row-major and contiguous
};

enum class FileFormat { kSafetensors, kTorch, kGguf };

struct TensorTable {
  FileFormat format = FileFormat::kSafetensors;
  std::vector<TensorInfo> infos;
  std::vector<TensorPlace> places;  // as many as infos
  std::map<std::string, std::string> metadata;
};

// The product of `shape` (1 for none), or nothing where it or its size in bytes would not fit in 63 bits.
std::optional<std::size_t> ElementCount(std::span<const std::size_t> shape);

}  // namespace ouroboros
