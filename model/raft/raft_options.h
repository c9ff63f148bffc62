// Settings of the metadata quorum, with Kafka's keys and defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "sim/base/setting_bounds.h"
#include "sim/base/time.h"

namespace squall::model {

// A voter and where it listens: one entry of controller.quorum.voters ("1001@c1:9093"), of the
// voters that a disk was formatted with ("1001@c1:9093:<directory id>"), or of a Voters record
// (KIP-853).
struct RaftVoter {
    BrokerId id;
    std::string host;  // the simulated node's name
    std::uint16_t port = 9093;
    Uuid directory_id = {};  // of the disk with its log; zero: known by its id alone

    bool operator==(const RaftVoter&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("id", self.id);
        fields("host", self.host);
        fields("port", self.port);
        fields("directory_id", self.directory_id);
    }
};

struct RaftOptions {
    // With directory ids: those that the quorum was formatted with, which may change
    // (kraft.version 1). Without: a static set (kraft.version 0). Either way the servers that
    // others look for the leader at.
    std::vector<RaftVoter> voters;
    // What the disks of a new quorum are formatted with: 1, with voters that may change, or 0.
    std::int32_t kraft_version = 1;
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
    // Of the process, not a setting: one with the role of a controller flushes what it fetched even
    // while it does not vote; a broker does not.
    bool followers_always_flush = true;

    bool operator==(const RaftOptions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("controller.quorum.voters", self.voters);
        fields("kraft.version", self.kraft_version, SettingBounds{.low = 0, .high = 1});
        fields("controller.quorum.election.timeout.ms", self.election_timeout, int_from(1));
        fields("controller.quorum.election.backoff.max.ms", self.election_backoff_max, int_from(1));
        fields("controller.quorum.fetch.timeout.ms", self.fetch_timeout, int_from(1));
        fields("controller.quorum.request.timeout.ms", self.request_timeout, int_from(1));
        fields("controller.quorum.retry.backoff.ms", self.retry_backoff, int_from(1));
        fields("controller.quorum.append.linger.ms", self.append_linger, int_from(0));
        fields("controller.quorum.fetch.max.wait.ms", self.fetch_max_wait, int_from(1));
        fields("controller.quorum.fetch.max.bytes", self.fetch_max_bytes, int_from(1));
        fields("metadata.log.max.record.bytes.between.snapshots",
               self.max_record_bytes_between_snapshots, long_from(1));
        fields("metadata.log.max.snapshot.interval.ms", self.max_snapshot_interval, wait_from(0));
        fields("metadata.max.retention.bytes", self.max_retention_bytes, long_from(0));
    }
};

}  // namespace squall::model
