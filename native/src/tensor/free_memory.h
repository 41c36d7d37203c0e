// Memory that is free and was kept at hand, given back to the system: when a training or a model has ended,
// and what it took is not soon needed again.
//
// Thread safe. Takes some milliseconds.
#pragma once

namespace ouroboros {

void ReleaseFreeMemory();

}  // namespace ouroboros
