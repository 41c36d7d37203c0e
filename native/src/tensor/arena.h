// Plans one allocation for many tensors: a first pass of Take() measures, a second hands out the memory.
//
// The same planning function runs twice, so what is measured is what is taken. Not thread safe; pointers are
// valid until the next Measure.
#pragma once

#include <cstddef>

#include "base/error.h"
#include "tensor/buffer.h"

namespace ouroboros {

class Arena {
 public:
  // plan(arena) calls Take for every tensor; it runs once to measure and once to assign.
  template <typename Plan>
  void Run(const Plan& plan) {
    measuring_ = true;
    used_ = 0;
    plan(*this);
    buffer_.Grow(used_);
    measuring_ = false;
    used_ = 0;
    plan(*this);
  }

  // 64-byte aligned room for `floats` floats, content unspecified; null while measuring.
  float* Take(std::size_t floats) {
    const std::size_t begin = used_;
    used_ += (floats + 15) / 16 * 16;
    if (measuring_) return nullptr;
    OURO_CHECK(used_ <= buffer_.size());
    return buffer_.data() + begin;
  }

 private:
  Buffer buffer_;
  std::size_t used_ = 0;
  bool measuring_ = false;
};

}  // namespace ouroboros
