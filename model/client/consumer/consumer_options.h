// ConsumerOptions: the settings of a consumer, under Kafka's keys and with the defaults of Kafka
// 4.x.
//
// group.protocol chooses how it speaks to its group. "classic": members assign themselves, with
// the assignors of partition.assignment.strategy; cooperatively only if all of them can.
// "consumer": the coordinator assigns (KIP-848), by group.remote.assignor or as it likes; session
// and heartbeats are then the broker's to set, and session.timeout.ms, heartbeat.interval.ms and
// partition.assignment.strategy are not looked at.
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
    std::string group_protocol = "classic";  // "classic", "consumer"
    std::string group_remote_assignor;       // "uniform", "range"; "": the coordinator chooses
    std::vector<std::string> partition_assignment_strategy{"range", "cooperative-sticky"};

    bool uses_consumer_protocol() const { return group_protocol == "consumer"; }

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
            if (find_assignor(name) == nullptr) return "no assignor is named " + name;
        }
        if (group_protocol != "classic" && group_protocol != "consumer") {
            return "group.protocol must be classic or consumer";
        }
        if (!group_remote_assignor.empty() && !uses_consumer_protocol()) {
            return "group.remote.assignor is for group.protocol=consumer";
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
        fields("group.protocol", self.group_protocol);
        fields("group.remote.assignor", self.group_remote_assignor);
        fields("partition.assignment.strategy", self.partition_assignment_strategy);
    }
};

}  // namespace squall::model
