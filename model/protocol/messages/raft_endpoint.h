// Where voters of the metadata quorum listen (KIP-853): in answers as tagged hints, in requests of
// a leader about itself.
#pragma once

#include <cstdint>
#include <string>

#include "model/protocol/types.h"

namespace squall::model {

struct RaftEndpoint {
    BrokerId node_id = no_broker;
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const RaftEndpoint&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("node_id", self.node_id);
        fields("host", self.host);
        fields("port", self.port);
    }
};

struct RaftListener {
    std::string name;
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const RaftListener&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("name", self.name);
        fields("host", self.host);
        fields("port", self.port);
    }
};

}  // namespace squall::model
