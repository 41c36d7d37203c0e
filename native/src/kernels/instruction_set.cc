#include "kernels/instruction_set.h"

#if defined(_MSC_VER) && defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
#elif defined(_WIN32) && defined(_M_ARM64)
#include <windows.h>
#elif defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace ouroboros {
namespace {

#if defined(_MSC_VER) && defined(_M_X64)

struct Leaf {
  int eax, ebx, ecx, edx;
};

// Zeros where the processor has no such leaf.
Leaf CpuId(int leaf, int subleaf) {
  int words[4];
  __cpuid(words, 0);
  if (words[0] < leaf) return {};
  __cpuidex(words, leaf, 0);
  if (leaf == 7 && words[0] < subleaf) return {};
  __cpuidex(words, leaf, subleaf);
  return {words[0], words[1], words[2], words[3]};
}

bool HasAll(int word, int bits) { return (word & bits) == bits; }

// Whether the operating system saves these registers: OSXSAVE, then XCR0.
bool Saves(unsigned long long registers) {
  constexpr int kOsXsave = 1 << 27;
  return HasAll(CpuId(1, 0).ecx, kOsXsave) && (_xgetbv(0) & registers) == registers;
}

bool HasAvx2() {
  constexpr int kFma = 1 << 12;
  constexpr int kF16c = 1 << 29;
  constexpr int kAvx2 = 1 << 5;
  constexpr unsigned long long kYmm = 0x06;
  return HasAll(CpuId(1, 0).ecx, kFma | kF16c) && HasAll(CpuId(7, 0).ebx, kAvx2) && Saves(kYmm);
}

bool HasAvx512() {
  constexpr int kAvx512 = (1 << 16) | (1 << 17) | (1 << 30) | static_cast<int>(1u << 31);  // F, DQ, BW, VL
  constexpr unsigned long long kZmm = 0xe6;
  return HasAvx2() && HasAll(CpuId(7, 0).ebx, kAvx512) && Saves(kZmm);
}

bool HasVnni() { return HasAll(CpuId(7, 0).ecx, 1 << 11); }
bool HasBf16() { return HasAll(CpuId(7, 1).eax, 1 << 5); }

#elif defined(__x86_64__)

// The compiler's runtime asks the processor and, by xgetbv, the operating system.
bool HasAvx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
         __builtin_cpu_supports("f16c") != 0;
}

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
}

bool HasVnni() { return __builtin_cpu_supports("avx512vnni") != 0; }
bool HasBf16() { return __builtin_cpu_supports("avx512bf16") != 0; }

#else

bool HasAvx2() { return false; }
bool HasAvx512() { return false; }
bool HasVnni() { return false; }
bool HasBf16() { return false; }

#endif

#if defined(__aarch64__) || defined(_M_ARM64)

bool HasNeon() { return true; }  // every 64-bit ARM

bool HasNeonDot() {
#if defined(__APPLE__)
  return true;  // on all of its 64-bit computers
#elif defined(_WIN32)
  return IsProcessorFeaturePresent(PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE) != 0;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return false;
#endif
}

#else

bool HasNeon() { return false; }
bool HasNeonDot() { return false; }

#endif

}  // namespace

std::optional<BaseSet> BaseSetNamed(std::string_view name) {
  if (name == "scalar") return BaseSet::kScalar;
  if (name == "avx2") return BaseSet::kAvx2;
  if (name == "avx512") return BaseSet::kAvx512;
  if (name == "neon") return BaseSet::kNeon;
  return std::nullopt;
}

bool IsAvailable(BaseSet set) {
  switch (set) {
    case BaseSet::kScalar:
      return true;
    case BaseSet::kAvx2:
      return HasAvx2();
    case BaseSet::kAvx512:
      return HasAvx512();
    case BaseSet::kNeon:
      return HasNeon();
  }
  return false;
}

bool IsAvailable(Feature feature) {
  switch (feature) {
    case Feature::kAvx512Vnni:
      return HasAvx512() && HasVnni();
    case Feature::kAvx512Bf16:
      return HasAvx512() && HasBf16();
    case Feature::kNeonDot:
      return HasNeonDot();
  }
  return false;
}

}  // namespace ouroboros
