// An owned, 64-byte aligned run of floats: what activations, parameters and moments live in.
//
// Not thread safe. Moves are cheap; copies are spelled Copy(). Grow() keeps capacity, so a buffer that is
// reused stops allocating; the content after Grow() is unspecified unless zeroed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "tensor/memory_cache.h"

namespace ouroboros {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) { Grow(size); }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<float> span() { return {data(), size_}; }
  std::span<const float> span() const { return {data(), size_}; }

  void Grow(std::size_t size) {
    if (size > capacity_) {
      data_ = Memory(static_cast<float*>(TakeMemory(size * sizeof(float))), {size});
      capacity_ = size;
    }
    size_ = size;
  }
  void Zero() { std::fill_n(data(), size_, 0.0f); }
  Buffer Copy() const {
    Buffer copy(size_);
    std::copy_n(data(), size_, copy.data());
    return copy;
  }

 private:
  struct Return {
    std::size_t floats;
    void operator()(float* data) const { ReturnMemory(data, floats * sizeof(float)); }
  };
  using Memory = std::unique_ptr<float, Return>;
  Memory data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace ouroboros
