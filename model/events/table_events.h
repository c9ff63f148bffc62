// What applications do with topics that are tables: the last value of a key is what counts
// (cleanup.policy=compact). Told by workloads.
#pragma once

#include <string>
#include <string_view>

#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// The application is about to send this record: a value of the key, or its deletion.
struct KeyWritten {
    static constexpr std::string_view event_name = "KeyWritten";
    std::string topic;
    std::string key;
    RecordId record;
    bool is_tombstone = false;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic", self.topic);
        fields("key", self.key);
        fields("record", self.record);
        fields("is_tombstone", self.is_tombstone);
    }
};

}  // namespace squall::model
