#include "files/tensor_table.h"

#include <algorithm>

namespace ouroboros {

std::optional<std::size_t> ElementCount(std::span<const std::size_t> shape) {
  constexpr std::size_t kElementsMax = std::size_t{1} << 60;  // of at most 8 bytes
  if (std::ranges::find(shape, std::size_t{0}) != shape.end()) return 0;
  std::size_t count = 1;
  for (const std::size_t size : shape) {
    if (size > kElementsMax / count) return std::nullopt;
    count *= size;
  }
  return count;
}

}  // namespace ouroboros
