// The pool of workers under stress, made for the thread sanitizer, which sees what a wrong number need not
// show.
#pragma once

#include <cstddef>

namespace ouroboros::check {

// How many of its checks failed; each is printed.
std::size_t CheckPool();

}  // namespace ouroboros::check
