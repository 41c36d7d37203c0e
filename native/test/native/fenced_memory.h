// Arrays of random floats whose last one is followed by a page that nobody may touch, so that a kernel which
// reads or writes beyond an array ends the program, and whose surroundings are kept, so that a stray write
// shows.
//
// Two FencedMemory objects that were begun alike and asked alike hold the same values at the same alignment.
// Thread safety: none. Ownership: the arrays live as long as the object; Begin takes them back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace ouroboros::check {

class FencedMemory {
 public:
  FencedMemory();
  ~FencedMemory();
  FencedMemory(const FencedMemory&) = delete;
  FencedMemory& operator=(const FencedMemory&) = delete;

  // Arrays taken from now on end `slack` floats before their fence: with 0 the fence stands right behind
  // them, with others every alignment can be had.
  void Begin(std::uint64_t seed, std::size_t slack);
  // Uniform in [low, high).
  float* Take(std::size_t floats, float low, float high);
  // 64-byte aligned, for what a kernel may leave in any state. `floats` is a multiple of 16.
  float* TakeScratch(std::size_t floats);

  // As many bytes, a multiple of 32 and so aligned; their content is not compared.
  std::byte* TakeBytes(std::size_t bytes);

  // The largest difference from what `expected` holds, relative to what is larger than 1; infinity where a
  // float outside the arrays differs, or where one is a NaN or infinite and the other is not the same.
  double WorstError(const FencedMemory& expected) const;

 private:
  struct Slot {
    float* begin;  // of what is compared: a margin, the array, the slack
    std::size_t array, slack;
    bool is_scratch;
  };
  float* NextFence();

  std::uint8_t* pages_ = nullptr;
  std::vector<Slot> taken_;
  std::size_t slack_ = 0;
  Random random_{0};
};

// As WorstError, for two numbers.
double ErrorOf(double actual, double expected);

}  // namespace ouroboros::check
