// Settings of the metadata quorum, with Kafka's keys and defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/time.h"

namespace squall::model {

// One entry of controller.quorum.voters: "1001@c1:9093".
struct RaftVoter {
    BrokerId id;
    std::string host;  // the simulated node's name
    std::uint16_t port = 9093;

    bool operator==(const RaftVoter&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("id", self.id);
        fields("host", self.host);
        fields("port", self.port);
    }
};

struct RaftOptions {
    std::vector<RaftVoter> voters;
    std::chrono::milliseconds election_timeout{1000};  // at least; drawn up to twice as long
    std::chrono::milliseconds election_backoff_max{1000};
    std::chrono::milliseconds fetch_timeout{2000};
    std::chrono::milliseconds request_timeout{2000};
    std::chrono::milliseconds retry_backoff{20};
    std::chrono::milliseconds append_linger{25};
    // How long the leader holds a Fetch that finds nothing new; a constant in Kafka.
    std::chrono::milliseconds fetch_max_wait{500};
    std::int32_t fetch_max_bytes = 8 << 20;
    // A snapshot is due after so many bytes of committed records, or after so long (0: never).
    std::int64_t max_record_bytes_between_snapshots = 20 << 20;
    std::chrono::milliseconds max_snapshot_interval{3'600'000};
    // With a snapshot at hand, a longer log drops what the snapshot holds.
    std::int64_t max_retention_bytes = 100 << 20;

    bool operator==(const RaftOptions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("controller.quorum.voters", self.voters);
        fields("controller.quorum.election.timeout.ms", self.election_timeout);
        fields("controller.quorum.election.backoff.max.ms", self.election_backoff_max);
        fields("controller.quorum.fetch.timeout.ms", self.fetch_timeout);
        fields("controller.quorum.request.timeout.ms", self.request_timeout);
        fields("controller.quorum.retry.backoff.ms", self.retry_backoff);
        fields("controller.quorum.append.linger.ms", self.append_linger);
        fields("controller.quorum.fetch.max.wait.ms", self.fetch_max_wait);
        fields("controller.quorum.fetch.max.bytes", self.fetch_max_bytes);
        fields("metadata.log.max.record.bytes.between.snapshots",
               self.max_record_bytes_between_snapshots);
        fields("metadata.log.max.snapshot.interval.ms", self.max_snapshot_interval);
        fields("metadata.max.retention.bytes", self.max_retention_bytes);
    }
};

}  // namespace squall::model
