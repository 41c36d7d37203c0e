#include "kernels/kernels.h"

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

// What the processor has and the operating system saves: OSXSAVE, then XCR0, then leaf 7.
bool Supports(InstructionSet set) {
  constexpr int kOsXsave = 1 << 27;
  constexpr int kFma = 1 << 12;
  constexpr int kF16c = 1 << 29;
  constexpr int kAvx2 = 1 << 5;
  constexpr int kAvx512 = (1 << 16) | (1 << 17) | (1 << 30) | static_cast<int>(1u << 31);  // F, DQ, BW, VL
  constexpr unsigned long long kYmmState = 0x06;
  constexpr unsigned long long kZmmState = 0xe6;
  int leaf1[4];
  int leaf7[4];
  __cpuid(leaf7, 0);
  if (leaf7[0] < 7) return false;
  __cpuid(leaf1, 1);
  __cpuidex(leaf7, 7, 0);
  if ((leaf1[2] & kOsXsave) == 0 || (leaf1[2] & kFma) == 0 || (leaf1[2] & kF16c) == 0 ||
      (leaf7[1] & kAvx2) == 0) {
    return false;
  }
  const unsigned long long saved = _xgetbv(0);
  if (set == InstructionSet::kAvx2) return (saved & kYmmState) == kYmmState;
  return (saved & kZmmState) == kZmmState && (leaf7[1] & kAvx512) == kAvx512;
}

bool SupportsVnni() {
  constexpr int kVnni = 1 << 11;
  int leaf7[4];
  __cpuidex(leaf7, 7, 0);
  return Supports(InstructionSet::kAvx512) && (leaf7[2] & kVnni) != 0;
}

bool SupportsBf16() {
  constexpr int kAvx512Bf16 = 1 << 5;
  int leaf[4];
  __cpuidex(leaf, 7, 0);
  if (leaf[0] < 1) return false;
  __cpuidex(leaf, 7, 1);
  return (leaf[0] & kAvx512Bf16) != 0;
}

#elif defined(__x86_64__)

// The compiler's runtime asks the processor and, by xgetbv, the operating system.
bool Supports(InstructionSet set) {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("f16c") != 0;
  if (set == InstructionSet::kAvx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
}

bool SupportsVnni() { return Supports(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512vnni") != 0; }
bool SupportsBf16() { return __builtin_cpu_supports("avx512bf16") != 0; }

#endif

#if defined(__x86_64__) || defined(_M_X64)

// The table for this processor: AVX-512 comes with and without VNNI and BF16.
const Kernels& Avx512Kernels() {
  static const Kernels kernels = [] {
    Kernels table = kAvx512Kernels;
    if (SupportsVnni()) table.packed = kAvx512VnniPacked;
    if (SupportsBf16()) table.gemm_bf16 = &kAvx512Bf16Gemm;
    return table;
  }();
  return kernels;
}

#elif defined(__aarch64__) || defined(_M_ARM64)

bool SupportsDotProducts() {
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

// The table for this processor: NEON comes with and without dot products of bytes.
const Kernels& NeonKernels() {
  static const Kernels kernels = [] {
    Kernels table = kNeonKernels;
    if (SupportsDotProducts()) table.packed = kNeonDotPacked;
    return table;
  }();
  return kernels;
}

#endif

}  // namespace

std::optional<InstructionSet> InstructionSetNamed(std::string_view name) {
  if (name == "scalar") return InstructionSet::kScalar;
  if (name == "avx2") return InstructionSet::kAvx2;
  if (name == "avx512") return InstructionSet::kAvx512;
  if (name == "neon") return InstructionSet::kNeon;
  return std::nullopt;
}

std::vector<InstructionSet> AvailableInstructionSets() {
  std::vector<InstructionSet> sets = {InstructionSet::kScalar};
#if defined(__x86_64__) || defined(_M_X64)
  if (Supports(InstructionSet::kAvx2)) sets.push_back(InstructionSet::kAvx2);
  if (Supports(InstructionSet::kAvx512)) sets.push_back(InstructionSet::kAvx512);
#elif defined(__aarch64__) || defined(_M_ARM64)
  sets.push_back(InstructionSet::kNeon);
#endif
  return sets;
}

InstructionSet BestInstructionSet() { return AvailableInstructionSets().back(); }

const Kernels& KernelsFor(InstructionSet wanted) {
  if (wanted == InstructionSet::kScalar) return kScalarKernels;
#if defined(__x86_64__) || defined(_M_X64)
  if (wanted != InstructionSet::kAvx2 && Supports(InstructionSet::kAvx512)) return Avx512Kernels();
  if (Supports(InstructionSet::kAvx2)) return kAvx2Kernels;
  return kScalarKernels;
#elif defined(__aarch64__) || defined(_M_ARM64)
  return NeonKernels();
#else
  return kScalarKernels;
#endif
}

std::vector<const Kernels*> AvailableKernels() {
  std::vector<const Kernels*> tables;
  for (const InstructionSet set : AvailableInstructionSets()) {
#if defined(__x86_64__) || defined(_M_X64)
    if (set == InstructionSet::kAvx512) tables.push_back(&kAvx512Kernels);
#elif defined(__aarch64__) || defined(_M_ARM64)
    if (set == InstructionSet::kNeon) tables.push_back(&kNeonKernels);
#endif
    tables.push_back(&KernelsFor(set));
  }
  return tables;
}

}  // namespace ouroboros
