// The probes of probe_narrow.h for AVX512_BF16 and AVX512_VNNI.
#pragma once

#include <cstddef>

namespace ouroboros::avx512 {

std::size_t ProbeBf16(std::size_t iterations, float* keep);
std::size_t ProbeInt8(std::size_t iterations, float* keep);

}  // namespace ouroboros::avx512
