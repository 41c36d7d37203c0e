#include "fenced_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace ouroboros::check {
namespace {

// The largest page in use on any 64-bit processor.
constexpr std::size_t kPage = std::size_t{1} << 16;
constexpr std::size_t kSlotBytes = 32 * kPage;  // 512 Ki floats, the fence included
constexpr std::size_t kSlots = 32;
constexpr std::size_t kMargin = 16;  // floats before an array: what the widest vector holds

}  // namespace

double ErrorOf(double actual, double expected) {
  if (std::isnan(actual) && std::isnan(expected)) return 0.0;
  if (actual == expected) return 0.0;
  const double error = std::fabs(actual - expected) / std::max(1.0, std::fabs(expected));
  return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
}

FencedMemory::FencedMemory() {
  void* const pages =
      mmap(nullptr, kSlots * kSlotBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OURO_CHECK(pages != MAP_FAILED);
  pages_ = static_cast<std::uint8_t*>(pages);
  for (std::size_t slot = 1; slot <= kSlots; ++slot) {
    OURO_CHECK(mprotect(pages_ + slot * kSlotBytes - kPage, kPage, PROT_NONE) == 0);
  }
}

FencedMemory::~FencedMemory() { munmap(pages_, kSlots * kSlotBytes); }

void FencedMemory::Begin(std::uint64_t seed, std::size_t slack) {
  taken_.clear();
  slack_ = slack;
  random_ = Random(seed);
}

float* FencedMemory::NextFence() {
  OURO_CHECK(taken_.size() < kSlots);
  return reinterpret_cast<float*>(pages_ + (taken_.size() + 1) * kSlotBytes - kPage);
}

float* FencedMemory::Take(std::size_t floats, float low, float high) {
  OURO_CHECK((kMargin + floats + slack_) * sizeof(float) <= kSlotBytes - kPage);
  float* const fence = NextFence();
  float* const begin = fence - (kMargin + floats + slack_);
  for (float* p = begin; p < fence; ++p) *p = low + (high - low) * static_cast<float>(random_.Uniform());
  taken_.push_back({begin, floats, slack_, false});
  return begin + kMargin;
}

float* FencedMemory::TakeScratch(std::size_t floats) {
  OURO_CHECK(floats % 16 == 0 && floats * sizeof(float) <= kSlotBytes - kPage);
  float* const begin = NextFence() - floats;
  std::fill_n(begin, floats, std::numeric_limits<float>::quiet_NaN());
  taken_.push_back({begin, floats, 0, true});
  return begin;
}

std::byte* FencedMemory::TakeBytes(std::size_t bytes) {
  OURO_CHECK(bytes % 32 == 0 && bytes <= kSlotBytes - kPage);
  float* const begin = NextFence() - bytes / sizeof(float);
  taken_.push_back({begin, bytes / sizeof(float), 0, true});
  return reinterpret_cast<std::byte*>(begin);
}

double FencedMemory::WorstError(const FencedMemory& expected) const {
  OURO_CHECK(taken_.size() == expected.taken_.size());
  double worst = 0.0;
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const Slot& slot = taken_[i];
    if (slot.is_scratch) continue;
    const float* const wanted = expected.taken_[i].begin;
    for (std::size_t e = 0; e < kMargin + slot.array + slot.slack; ++e) {
      const bool is_array = e >= kMargin && e < kMargin + slot.array;
      const double error = ErrorOf(static_cast<double>(slot.begin[e]), static_cast<double>(wanted[e]));
      worst = std::max(worst, is_array || error == 0.0 ? error : std::numeric_limits<double>::infinity());
    }
  }
  return worst;
}

}  // namespace ouroboros::check
