// Memory for the packed weights of a model: 64-byte aligned, on large pages where the system has them, since
// a token reads all of it once and small pages cost a table walk every 4 KB.
//
// Move only; not thread safe while it is filled. Contents are unspecified until written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ouroboros {

class WeightMemory {
 public:
  WeightMemory() = default;
  explicit WeightMemory(std::size_t bytes);

  std::size_t size() const { return size_; }
  std::byte* data() { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace ouroboros
