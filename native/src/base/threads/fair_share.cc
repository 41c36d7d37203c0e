#include "base/threads/fair_share.h"

#include <algorithm>

#include "base/error.h"

namespace ouroboros {
namespace {

constexpr int kWaitPerWork = 19;

}  // namespace

RunClass FairShareScheduler::Next(const Waiting& waiting) const {
  const auto highest = std::find(waiting.begin(), waiting.end(), true);
  OURO_CHECK(highest != waiting.end());
  const auto first = static_cast<std::size_t>(highest - waiting.begin());
  for (std::size_t lower = first + 1; lower < kRunClasses; ++lower) {
    const bool is_due =
        stood_back_[lower] > Duration::zero() && stood_back_[lower] >= kWaitPerWork * last_slice_[lower];
    if (waiting[lower] && is_due) return static_cast<RunClass>(lower);
  }
  return static_cast<RunClass>(first);
}

void FairShareScheduler::Ran(RunClass ran, Duration took, const Waiting& waiting) {
  const auto index = static_cast<std::size_t>(ran);
  last_slice_[index] = took;
  stood_back_[index] = Duration::zero();
  for (std::size_t lower = index + 1; lower < kRunClasses; ++lower) {
    stood_back_[lower] = waiting[lower] ? stood_back_[lower] + took : Duration::zero();
  }
}

}  // namespace ouroboros
