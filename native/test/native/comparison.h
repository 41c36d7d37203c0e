// Runs a kernel of an instruction set and the portable one on the same memory, and counts where they differ.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "fenced_memory.h"
#include "kernels/kernels.h"

namespace ouroboros::check {

// What one run of a kernel gets to work with.
class Run {
 public:
  Run(const Kernels& run_kernels, FencedMemory& memory) : kernels(run_kernels), memory_(memory) {}

  const Kernels& kernels;

  // Random floats in [-size, size).
  float* Floats(std::size_t n, float size = 1.0f) { return memory_.Take(n, -size, size); }
  float* Between(float low, float high, std::size_t n) { return memory_.Take(n, low, high); }
  float* Scratch(std::size_t n) { return memory_.TakeScratch(n); }
  std::byte* Bytes(std::size_t n) { return memory_.TakeBytes(n); }
  // What the kernel returned.
  void Return(double value) { results.push_back(value); }

  std::vector<double> results;

 private:
  FencedMemory& memory_;
};

// Floats in sums of a few dozen terms of size 1, in another order and with fused multiply-adds.
constexpr double kTolerance = 2e-5;

class Comparison {
 public:
  explicit Comparison(const Kernels& kernels) : kernels_(kernels) {}

  // Runs `body` with both kernels, with and without slack before the fences; prints a difference beyond
  // `tolerance`.
  void Check(const std::string& what, FunctionRef<void(Run&)> body, double tolerance = kTolerance);

  // What is being checked now, should the program end there.
  const std::string& current() const { return current_; }
  std::size_t checked() const { return checked_; }
  std::size_t failed() const { return failed_; }

 private:
  const Kernels& kernels_;
  FencedMemory actual_, expected_;
  std::string current_;
  std::uint64_t seed_ = 1;
  std::size_t checked_ = 0, failed_ = 0;
};

// All lengths up to twice the widest vector, and one more.
constexpr std::size_t kLengthMax = 2 * 16 + 1;

void CheckVectors(Comparison& comparison);
void CheckRegions(Comparison& comparison);
void CheckWkv(Comparison& comparison);
void CheckGemm(Comparison& comparison);
void CheckPacked(Comparison& comparison);

}  // namespace ouroboros::check
