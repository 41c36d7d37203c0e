#include "base/error.h"

namespace ouroboros {

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFile:
      return "file";
    case ErrorCode::kChanged:
      return "changed";
    case ErrorCode::kFormat:
      return "format";
    case ErrorCode::kArchitecture:
      return "architecture";
    case ErrorCode::kNumbers:
      return "numbers";
    case ErrorCode::kVocabulary:
      return "vocabulary";
    case ErrorCode::kToken:
      return "token";
    case ErrorCode::kState:
      return "state";
    case ErrorCode::kAdapter:
      return "adapter";
    case ErrorCode::kArgument:
      return "argument";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kMemory:
      return "memory";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

void CheckFailed(const char* expression, const char* file, int line) {
  std::string message = "internal check failed: ";
  message += expression;
  message += " at ";
  message += file;
  message += ":";
  message += std::to_string(line);
  throw EngineError(ErrorCode::kInternal, message);
}

}  // namespace ouroboros
