// ConsumerOptions: the settings of a consumer, under Kafka's keys and with the defaults of Kafka
// 4.x, but for partition.assignment.strategy, whose default here is range alone: the cooperative
// protocol is not spoken yet, and the effective protocol of Kafka's default list is eager as well.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/assignors/assignor.h"
#include "model/client/client_options.h"
#include "model/protocol/types.h"
#include "sim/base/setting_bounds.h"

namespace squall::model {

struct ConsumerOptions {
    ClientOptions client;
    std::string group_id;           // "": no group; commits and subscribe() need one
    std::string group_instance_id;  // "": a dynamic member
    std::string client_rack;        // "": nowhere in particular (KIP-392)
    bool enable_auto_commit = true;
    std::chrono::milliseconds auto_commit_interval{5000};
    std::string auto_offset_reset = "latest";  // "earliest", "latest", "none"
    std::int32_t max_poll_records = 500;
    std::chrono::milliseconds max_poll_interval{300000};
    std::chrono::milliseconds session_timeout{45000};
    std::chrono::milliseconds heartbeat_interval{3000};
    std::chrono::milliseconds default_api_timeout{60000};
    std::int32_t fetch_min_bytes = 1;
    std::int32_t fetch_max_bytes = 52428800;
    std::chrono::milliseconds fetch_max_wait{500};
    std::int32_t max_partition_fetch_bytes = 1048576;
    IsolationLevel isolation_level = IsolationLevel::read_uncommitted;
    std::vector<std::string> partition_assignment_strategy{"range"};

    // Nullopt, or what Kafka would refuse to start with.
    std::optional<std::string> problem() const {
        if (auto_offset_reset != "earliest" && auto_offset_reset != "latest" &&
            auto_offset_reset != "none") {
            return "auto.offset.reset must be earliest, latest or none";
        }
        if (max_poll_records < 1) return "max.poll.records must be at least 1";
        if (heartbeat_interval >= session_timeout) {
            return "heartbeat.interval.ms must be below session.timeout.ms";
        }
        if (partition_assignment_strategy.empty()) {
            return "partition.assignment.strategy must name an assignor";
        }
        for (const std::string& name : partition_assignment_strategy) {
            const PartitionAssignor* const assignor = find_assignor(name);
            if (assignor == nullptr) return "no assignor is named " + name;
            if (assignor->rebalance_protocol() != RebalanceProtocol::eager) {
                return "the cooperative protocol of " + name + " is not supported yet";
            }
        }
        return std::nullopt;
    }

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        ClientOptions::describe(self.client, fields);
        fields("group.id", self.group_id);
        fields("group.instance.id", self.group_instance_id);
        fields("client.rack", self.client_rack);
        fields("enable.auto.commit", self.enable_auto_commit);
        fields("auto.commit.interval.ms", self.auto_commit_interval, int_from(0));
        fields("auto.offset.reset", self.auto_offset_reset);
        fields("max.poll.records", self.max_poll_records, int_from(1));
        fields("max.poll.interval.ms", self.max_poll_interval, int_from(1));
        fields("session.timeout.ms", self.session_timeout, int_from(1));
        fields("heartbeat.interval.ms", self.heartbeat_interval, int_from(1));
        fields("default.api.timeout.ms", self.default_api_timeout, int_from(0));
        fields("fetch.min.bytes", self.fetch_min_bytes, int_from(0));
        fields("fetch.max.bytes", self.fetch_max_bytes, int_from(0));
        fields("fetch.max.wait.ms", self.fetch_max_wait, int_from(0));
        fields("max.partition.fetch.bytes", self.max_partition_fetch_bytes, int_from(0));
        fields("isolation.level", self.isolation_level);
        fields("partition.assignment.strategy", self.partition_assignment_strategy);
    }
};

}  // namespace squall::model
