// The fair-share scheduler of three classes of runs: the highest that has work goes next, with a small share
// for the others.
//
// A class that waits behind a higher one counts how long the higher ones had the thread since its own last
// slice, and is due once that is 19 times what the slice took: about 5 % of the time, as the training lane
// has. A class that has just had slices must wait first, so what arrives during a chat waits for one slice at
// most.
//
// It only counts: no clock, no lock. Thread safety: none.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace ouroboros {

// Highest first.
enum class RunClass { kInteractive, kChat, kBackground };
constexpr std::size_t kRunClasses = 3;

class FairShareScheduler {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Waiting = std::array<bool, kRunClasses>;  // by class: whether it has work

  // At least one class must wait.
  RunClass Next(const Waiting& waiting) const;
  // A slice of `ran` took that long; `waiting` are the classes that had work meanwhile.
  void Ran(RunClass ran, Duration took, const Waiting& waiting);

 private:
  std::array<Duration, kRunClasses> last_slice_{};
  std::array<Duration, kRunClasses> stood_back_{};  // how long higher classes ran since then
};

}  // namespace ouroboros
