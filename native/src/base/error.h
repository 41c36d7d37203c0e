// The engine's one exception type: what input, files or the machine can cause. Bugs are caught by CHECK.
//
// Nothing crosses a thread or the binding as an exception in flight: jobs catch it and carry code and
// message. Codes mirror native/lib/errors.ts.
#pragma once

#include <stdexcept>
#include <string>

namespace ouroboros {

enum class ErrorCode {
  kFile,
  kChanged,
  kFormat,
  kArchitecture,
  kNumbers,
  kVocabulary,
  kToken,
  kState,
  kAdapter,
  kArgument,
  kClosed,
  kMemory,
  kInternal,
};

// The code's name as JavaScript sees it ("file", "format", ...). Static storage.
const char* ErrorCodeName(ErrorCode code);

class EngineError : public std::runtime_error {
 public:
  EngineError(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);

}  // namespace ouroboros

// For what only a bug can cause; stays on in release builds. Throws EngineError(kInternal).
#define OURO_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::ouroboros::CheckFailed(#expression, __FILE__, __LINE__))
