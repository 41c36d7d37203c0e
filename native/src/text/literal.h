// Python string and bytes literals, as far as repr() produces them: what a vocabulary file writes its tokens
// in.
//
// 'abc', "it's" (UTF-8 encoded) and b'\x80' with the escapes \t \n \r \\ \' \" \xHH and, in strings, \uHHHH
// \UHHHHHHHH. Octal, \N{...} and all other escapes are refused, as are prefixes other than b. Python
// reference, "String and Bytes literals". Pure functions, thread safe.
#pragma once

#include <string>
#include <string_view>

namespace ouroboros {

struct Literal {
  std::string bytes;
  const char* problem;  // null when `text` is a literal; else what is wrong with it, static storage
};

Literal ParseLiteral(std::string_view text);

}  // namespace ouroboros
