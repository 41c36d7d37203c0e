#include "files/format_error.h"

namespace ouroboros {

std::string Quoted(std::string_view name) {
  constexpr std::size_t kShownMax = 120;  // bytes; longer names would hide the sentence around them
  std::string quoted = "`";
  for (const char c : name.substr(0, kShownMax)) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    quoted.push_back(is_control ? '?' : c);
  }
  if (name.size() > kShownMax) quoted += "...";
  quoted.push_back('`');
  return quoted;
}

void RefuseFile(const std::string& file, const std::string& problem) {
  throw EngineError(ErrorCode::kFormat, file + ": " + problem);
}

}  // namespace ouroboros
