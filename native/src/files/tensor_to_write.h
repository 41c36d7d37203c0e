// A tensor on its way into a file: float32 values, and how they are to be stored. What all writers share.
//
// Thread safety: functions of their arguments.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "files/dtype.h"

namespace ouroboros {

struct TensorToWrite {
  std::string name;
  DType dtype;  // kF32, kF16, kBf16, kQ8_0 or kQ4_0: rounded to nearest while writing
  std::vector<std::size_t> shape;
  std::span<const float> values = {};  // row-major, as many as shape says
  // Instead of values: fills them in when the writer comes to this tensor, so that a model larger than memory
  // can pass through. What it throws ends the writing.
  std::function<void(std::span<float>)> read = nullptr;
};

// Throws EngineError(kArgument) unless there are as many values as the shape says, in whole blocks by rows.
void CheckToWrite(const TensorToWrite& tensor);

// Bytes that EmitValues hands out.
std::size_t BytesOf(const TensorToWrite& tensor);

// Hands the stored form to `sink`, piece by piece. Throws EngineError(kNumbers) where a number does not
// fit the type.
void EmitValues(const TensorToWrite& tensor, FunctionRef<void(std::span<const std::byte>)> sink);

// "cannot write tensor `name`: problem", as EngineError(kArgument).
[[noreturn]] void RefuseToWrite(const TensorToWrite& tensor, const char* problem);

}  // namespace ouroboros
