#include "tests/model/protocol/any_message.h"

#include <rapidcheck.h>

#include "sim/base/assert.h"

namespace squall::model::draw {

bool boolean() {
    return *rc::gen::arbitrary<bool>();
}

std::int64_t integer(std::size_t bytes) {
    switch (bytes) {
        case 1:
            return *rc::gen::arbitrary<std::int8_t>();
        case 2:
            return *rc::gen::arbitrary<std::int16_t>();
        case 4:
            return *rc::gen::arbitrary<std::int32_t>();
        default:
            ASSERT(bytes == 8, "no integer of {} bytes", bytes);
            return *rc::gen::arbitrary<std::int64_t>();
    }
}

std::size_t count() {
    return *rc::gen::inRange<std::size_t>(0, 3);
}

std::string text() {
    return *rc::gen::arbitrary<std::string>();
}

Bytes bytes() {
    return *rc::gen::arbitrary<Bytes>();
}

}  // namespace squall::model::draw
