// How a request ends that is not answered, as channels tell it (model/rpc/channel.h): whether it
// was executed is then unknown, unless it never left.
#pragma once

#include "sim/base/result.h"

namespace squall::model {

// It has not happened and never will.
inline bool was_never_sent(Failure failure) {
    return failure == Failure::refused || failure == Failure::unreachable ||
           failure == Failure::invalid_input;
}

}  // namespace squall::model
