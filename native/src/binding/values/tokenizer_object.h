// The JavaScript object around a Tokenizer, and the way from one back to the other for calls that are given
// one.
#pragma once

#include <napi.h>

#include <memory>

#include "text/tokenizer.h"

namespace ouroboros::binding {

// The Tokenizer of an object made by the addon's `Tokenizer` constructor; throws a JavaScript TypeError on
// anything else.
std::shared_ptr<const Tokenizer> TokenizerOf(const Napi::Value& value);

}  // namespace ouroboros::binding
