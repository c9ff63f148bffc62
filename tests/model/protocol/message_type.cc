#include "tests/model/protocol/message_type.h"

#include <rapidcheck.h>

namespace squall::model {

ApiVersion MessageType::any_version() const {
    return *rc::gen::inRange(versions.min, static_cast<ApiVersion>(versions.max + 1));
}

}  // namespace squall::model
