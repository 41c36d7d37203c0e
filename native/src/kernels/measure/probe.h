// What a kernel could reach at best on this machine: multiply-adds in registers, and reading memory.
#pragma once

#include <cstddef>

namespace ouroboros {

struct ProbeKernels {
  // Independent multiply-adds, no memory; returns how many floating-point operations it was.
  std::size_t (*multiply_adds)(std::size_t iterations, float* keep);
  // Reads n floats once; the sum keeps the compiler from dropping them.
  float (*read)(const float* data, std::size_t n);
};

}  // namespace ouroboros
