#include "files/byte_source.h"

#include <algorithm>

#include "base/error.h"
#include "base/sha256.h"

namespace ouroboros {
namespace {

constexpr std::size_t kHashedAtOnce = std::size_t{256} << 10;

}  // namespace

void MemoryBytes::Read(std::size_t begin, std::span<std::byte> out) const {
  OURO_CHECK(begin <= bytes_.size() && out.size() <= bytes_.size() - begin);
  std::ranges::copy(bytes_.subspan(begin, out.size()), out.begin());
}

std::string ReadBeginning(const ByteSource& source, std::size_t bytes_max) {
  std::string beginning(std::min(source.size(), bytes_max), '\0');
  source.Read(0, std::as_writable_bytes(std::span(beginning)));
  return beginning;
}

std::optional<std::vector<std::byte>> ReadPart(const ByteSource& source, std::size_t limit,
                                               std::uint64_t begin, std::uint64_t size) {
  if (begin > limit || size > limit - begin) return std::nullopt;
  std::vector<std::byte> part(static_cast<std::size_t>(size));
  source.Read(static_cast<std::size_t>(begin), part);
  return part;
}

std::string Sha256Of(const ByteSource& source) {
  Sha256 hash;
  std::vector<std::byte> part(std::min(source.size(), kHashedAtOnce));
  for (std::size_t begin = 0; begin < source.size(); begin += part.size()) {
    const std::span<std::byte> some = std::span(part).first(std::min(part.size(), source.size() - begin));
    source.Read(begin, some);
    hash.Update(some);
  }
  return hash.Finish();
}

}  // namespace ouroboros
