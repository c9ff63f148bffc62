// Control batches: the broker's own words among the records of a partition. Each holds one record
// whose key says what it is; consumers skip them, though they take an offset.
//
//     key      int16 version 0, int16 type
//     value    of abort and commit: int16 version 0, int32 coordinator epoch (KIP-98)
//              of leader change: a flexible message (KIP-595; directory ids by KIP-853)
//
//              of snapshot header and footer: flexible messages (KIP-630)
//
// The other types of the metadata log (versions, voters) are known by name only so far.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/protocol/batch_view.h"
#include "model/protocol/types.h"
#include "model/protocol/wire.h"
#include "sim/base/bytes.h"
#include "sim/base/result.h"

namespace squall::model {

enum class ControlType : std::int16_t {
    abort = 0,
    commit = 1,
    leader_change = 2,
    snapshot_header = 3,
    snapshot_footer = 4,
    kraft_version = 5,
    kraft_voters = 6,
};
std::string_view to_string(ControlType type);

// The end of a producer's transaction in one partition.
struct TransactionMarker {
    ProducerId producer_id = no_producer_id;
    ProducerEpoch producer_epoch = no_producer_epoch;
    bool is_commit = false;
    std::int32_t coordinator_epoch = 0;

    bool operator==(const TransactionMarker&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("producer_id", self.producer_id);
        fields("producer_epoch", self.producer_epoch);
        fields("is_commit", self.is_commit);
        fields("coordinator_epoch", self.coordinator_epoch);
    }
};

// What the elected leader of the metadata quorum writes first in its epoch.
struct LeaderChange {
    static constexpr VersionRange versions{.min = 0, .max = 1, .flexible_since = 0};

    struct Voter {
        BrokerId voter_id = no_broker;
        Uuid voter_directory_id;

        bool operator==(const Voter&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("voter_id", self.voter_id);
            fields("voter_directory_id", self.voter_directory_id, Wire{.since = 1});
        }
    };

    std::int16_t version = 1;  // of the rest
    BrokerId leader_id = no_broker;
    std::vector<Voter> voters;
    std::vector<Voter> granting_voters;

    bool operator==(const LeaderChange&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("version", self.version);
        fields("leader_id", self.leader_id);
        fields("voters", self.voters);
        fields("granting_voters", self.granting_voters);
    }
};

// Encoded batches, to be stamped with their place in the log (stamp_batch).
Bytes marker_batch(const TransactionMarker& marker, TimestampMs now);
Bytes leader_change_batch(const LeaderChange& change, TimestampMs now);
// The first and the last batch of a snapshot (KIP-630).
Bytes snapshot_header_batch(TimestampMs last_contained, TimestampMs now);
Bytes snapshot_footer_batch(TimestampMs now);

// What a control batch says. Corrupt if it is not a control batch or its record makes no sense; the
// type may be a number that only later versions of Kafka know.
Result<ControlType> control_type(const BatchView& batch);
Result<TransactionMarker> read_marker(const BatchView& batch);
Result<LeaderChange> read_leader_change(const BatchView& batch);

}  // namespace squall::model
