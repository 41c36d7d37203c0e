// The instructions that kernels are written for, and which of them this machine has.
//
// A base set has all kernels. A feature is what only some processors with that base set have: a few kernels
// of its own take the place of the base's (kernels.cc). Features are independent of each other.
#pragma once

#include <optional>
#include <string_view>

namespace ouroboros {

enum class BaseSet { kScalar, kAvx2, kAvx512, kNeon };
enum class Feature { kAvx512Vnni, kAvx512Bf16, kNeonDot };

// By the name that its kernels bear.
std::optional<BaseSet> BaseSetNamed(std::string_view name);

// Whether the processor has it and the operating system saves its registers. A feature includes its base.
bool IsAvailable(BaseSet set);
bool IsAvailable(Feature feature);

}  // namespace ouroboros
