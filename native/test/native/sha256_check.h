// SHA-256, the portable one and this processor's, against known digests and each other.
#pragma once

#include <cstddef>

namespace ouroboros::check {

// How many of its checks failed; each is printed.
std::size_t CheckSha256();

}  // namespace ouroboros::check
