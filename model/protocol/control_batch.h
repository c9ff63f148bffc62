// Control batches: the broker's own words among the records of a partition. The key of a record
// says what it is; consumers skip them, though they take offsets. In a partition of clients a
// control batch holds one record; in the metadata log the first leader of a quorum, and who begins
// a snapshot, adds the version of the quorum and its voters to the record in front.
//
//     key      int16 version 0, int16 type
//     value    of abort and commit: int16 version 0, int32 coordinator epoch (KIP-98)
//              of leader change: a flexible message (KIP-595; directory ids by KIP-853)
//
//              of snapshot header and footer: flexible messages (KIP-630)
//              of kraft version and voters: flexible messages (KIP-853)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

// Who votes in the metadata quorum from here on (KIP-853).
struct KraftVoters {
    static constexpr VersionRange versions{.min = 0, .max = 0, .flexible_since = 0};

    struct Endpoint {
        std::string name;
        std::string host;
        std::uint16_t port = 0;

        bool operator==(const Endpoint&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("name", self.name);
            fields("host", self.host);
            fields("port", self.port);
        }
    };

    // Of kraft.version.
    struct SupportedVersions {
        std::int16_t min = 0;
        std::int16_t max = 1;

        bool operator==(const SupportedVersions&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("min_supported_version", self.min);
            fields("max_supported_version", self.max);
        }
    };

    struct Voter {
        BrokerId voter_id = no_broker;
        Uuid voter_directory_id;
        std::vector<Endpoint> endpoints;
        SupportedVersions kraft_version_feature;

        bool operator==(const Voter&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("voter_id", self.voter_id);
            fields("voter_directory_id", self.voter_directory_id);
            fields("endpoints", self.endpoints);
            fields("kraft_version_feature", self.kraft_version_feature);
        }
    };

    std::int16_t version = 0;  // of the rest
    std::vector<Voter> voters;

    bool operator==(const KraftVoters&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("version", self.version);
        fields("voters", self.voters);
    }
};

// Encoded batches, to be stamped with their place in the log (stamp_batch).
Bytes marker_batch(const TransactionMarker& marker, TimestampMs now);
// With `voters`, behind it: kraft.version 1, and these.
Bytes leader_change_batch(const LeaderChange& change, TimestampMs now,
                          const std::optional<KraftVoters>& voters = std::nullopt);
Bytes voters_batch(const KraftVoters& voters, TimestampMs now);
// The first and the last batch of a snapshot (KIP-630). `voters` as for a leader change.
Bytes snapshot_header_batch(TimestampMs last_contained, TimestampMs now,
                            const std::optional<KraftVoters>& voters = std::nullopt);
Bytes snapshot_footer_batch(TimestampMs now);

// What a control batch says, its first record. Corrupt if it is not a control batch or the record
// makes no sense; the type may be a number that only later versions of Kafka know.
Result<ControlType> control_type(const BatchView& batch);
Result<TransactionMarker> read_marker(const BatchView& batch);
Result<LeaderChange> read_leader_change(const BatchView& batch);
// The Voters record among the records of a control batch, and its offset; nullopt: it has none.
struct VotersRecord {
    Offset offset;
    KraftVoters voters;
};
Result<std::optional<VotersRecord>> read_voters(const BatchView& batch);

}  // namespace squall::model
