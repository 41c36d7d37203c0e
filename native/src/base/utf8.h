// UTF-8 (RFC 3629): checking and encoding. Pure functions, thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ouroboros {

// Whether `text` is well-formed: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);
// Whether the code point may stand in a text: at most U+10FFFF and no surrogate.
bool IsScalarValue(std::uint32_t code_point);
// Appends the UTF-8 form of a scalar value.
void AppendUtf8(std::uint32_t code_point, std::string& text);

}  // namespace ouroboros
