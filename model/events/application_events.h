// What befalls applications by themselves: a handler that stalls or throws, a record that nobody
// can handle. Told by the application that it happens to.
#pragma once

#include <string>

#include "model/protocol/types.h"

namespace squall::model {

struct MishapHit {
    static constexpr std::string_view event_name = "MishapHit";
    std::string mishap;   // "handled slowly", "handler threw", "choked on poison", "sent poisoned",
                          // "sent twice", "left its group"
    std::string group;    // of a member; else empty
    RecordId record;      // 0 where none is concerned
    std::string rule_id;  // the id of the fault

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("mishap", self.mishap);
        fields("group", self.group);
        fields("record", self.record);
        fields("rule_id", self.rule_id);
    }
};

}  // namespace squall::model
