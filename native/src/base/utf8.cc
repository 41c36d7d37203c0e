#include "base/utf8.h"

namespace ouroboros {
namespace {

struct Utf8Sequence {
  std::size_t size;
  std::uint32_t smallest;  // code points below it have a shorter form
};

Utf8Sequence SequenceOf(unsigned char lead) {
  if (lead < 0x80) return {1, 0};
  if (lead >= 0xc2 && lead < 0xe0) return {2, 0x80};
  if (lead >= 0xe0 && lead < 0xf0) return {3, 0x800};
  if (lead >= 0xf0 && lead < 0xf5) return {4, 0x10000};
  return {0, 0};
}

}  // namespace

bool IsScalarValue(std::uint32_t code) { return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff); }

bool IsUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const unsigned char lead = static_cast<unsigned char>(text[i]);
    const Utf8Sequence sequence = SequenceOf(lead);
    if (sequence.size == 0 || sequence.size > text.size() - i) return false;
    std::uint32_t code = sequence.size == 1 ? lead : lead & (0x7fu >> sequence.size);
    for (std::size_t j = 1; j < sequence.size; ++j) {
      const unsigned char next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80) return false;
      code = (code << 6) | (next & 0x3fu);
    }
    if (code < sequence.smallest || !IsScalarValue(code)) return false;
    i += sequence.size;
  }
  return true;
}

void AppendUtf8(std::uint32_t code, std::string& text) {
  const auto trailing = [&](int shift) {
    text.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3f)));
  };
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xc0 | (code >> 6)));
    trailing(0);
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xe0 | (code >> 12)));
    trailing(6);
    trailing(0);
  } else {
    text.push_back(static_cast<char>(0xf0 | (code >> 18)));
    trailing(12);
    trailing(6);
    trailing(0);
  }
}

}  // namespace ouroboros
