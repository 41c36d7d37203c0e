// How readers of files say no: one sentence that names the file and the problem, as EngineError.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ouroboros {

// A name out of an untrusted file, fit for a message: in backquotes, control characters replaced, shortened.
std::string Quoted(std::string_view name);

// The file's content is wrong: EngineError(kFormat, "<file>: <problem>").
[[noreturn]] void RefuseFile(const std::string& file, const std::string& problem);

}  // namespace ouroboros
