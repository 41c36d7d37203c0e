// SHA-256 with the SHA extensions of x86-64; compiled with their flags, so nothing here may run before they
// are detected.
#if defined(__x86_64__) || defined(_M_X64)

#include <immintrin.h>

#include "base/sha256_blocks.h"

namespace ouroboros {
namespace {

__m128i Load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

}  // namespace

// The instructions keep the words a b e f in one register and c d g h in another, the first word highest
// (Intel's manual, SHA256RNDS2), and four words of the message schedule in each of four more.
void Sha256BlocksX86(std::uint32_t* state, const std::byte* blocks, std::size_t count) {
  const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  const __m128i cdab = _mm_shuffle_epi32(Load(state), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(Load(state + 4), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (std::size_t block = 0; block < count; ++block, blocks += kSha256Block) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
    for (std::size_t i = 0; i < 4; ++i) w[i] = _mm_shuffle_epi8(Load(blocks + 16 * i), big_endian);
#if defined(__GNUC__)
#pragma GCC unroll 16
#endif
    for (std::size_t four = 0; four < 16; ++four) {  // rounds
      __m128i& now = w[four % 4];
      const __m128i& last = w[(four + 3) % 4];
      const __m128i sum = _mm_add_epi32(now, Load(&kSha256RoundConstants[4 * four]));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (four >= 12) continue;
      const __m128i seven_before = _mm_alignr_epi8(last, w[(four + 2) % 4], 4);
      const __m128i begun = _mm_sha256msg1_epu32(now, w[(four + 1) % 4]);
      now = _mm_sha256msg2_epu32(_mm_add_epi32(begun, seven_before), last);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

}  // namespace ouroboros

#endif
