// What the members of the metadata quorum (KRaft, KIP-595) do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/types.h"
#include "sim/trace/event.h"

namespace squall::model {

// A member of the quorum, voter or observer, takes part from here on with what its disk has.
struct RaftStarted {
    static constexpr std::string_view event_name = "RaftStarted";
    BrokerId replica;
    Uuid directory_id;  // of its disk (KIP-853); zero where none was given
    bool is_voter = false;
    RaftEpoch epoch;
    Offset log_start;
    Offset log_end;
    std::int64_t fetch_timeout_ms = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("directory_id", self.directory_id);
        fields("is_voter", self.is_voter);
        fields("epoch", self.epoch);
        fields("log_start", self.log_start);
        fields("log_end", self.log_end);
        fields("fetch_timeout_ms", self.fetch_timeout_ms);
    }
};

// The voters in force at a replica are others from here on: those that its log names, up to
// `log_end`, committed or not (KIP-853).
struct RaftVotersChanged {
    static constexpr std::string_view event_name = "RaftVotersChanged";
    BrokerId replica;
    Offset log_end;
    std::vector<BrokerId> voters;
    std::vector<Uuid> directory_ids;  // of each

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("log_end", self.log_end);
        fields("voters", self.voters);
        fields("directory_ids", self.directory_ids);
    }
};

// The node moved to another role or epoch.
struct RaftRoleChanged {
    static constexpr std::string_view event_name = "RaftRoleChanged";
    BrokerId replica;
    std::string role;  // "unattached", "follower", "candidate", "leader", "resigned", "observer"
    RaftEpoch epoch;
    BrokerId leader = no_broker;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("role", self.role);
        fields("epoch", self.epoch);
        fields("leader", self.leader);
    }
};

// A vote was granted and is durable.
struct RaftVoteGranted {
    static constexpr std::string_view event_name = "RaftVoteGranted";
    BrokerId voter;
    RaftEpoch epoch;
    BrokerId candidate;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("voter", self.voter);
        fields("epoch", self.epoch);
        fields("candidate", self.candidate);
    }
};

struct RaftAppended {
    static constexpr std::string_view event_name = "RaftAppended";
    BrokerId replica;
    Offset base_offset;
    Offset last_offset;
    RaftEpoch epoch;
    std::uint32_t crc = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("base_offset", self.base_offset);
        fields("last_offset", self.last_offset);
        fields("epoch", self.epoch);
        fields("crc", self.crc);
    }
};

struct RaftTruncated {
    static constexpr std::string_view event_name = "RaftTruncated";
    BrokerId replica;
    Offset to;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("to", self.to);
    }
};

// A snapshot of everything before `end_offset` is durable at the replica (KIP-630).
struct RaftSnapshotTaken {
    static constexpr std::string_view event_name = "RaftSnapshotTaken";
    BrokerId replica;
    Offset end_offset;
    RaftEpoch epoch;
    std::uint64_t bytes = 0;
    bool drops_log = false;  // what it holds is dropped from the log

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("end_offset", self.end_offset);
        fields("epoch", self.epoch);
        fields("bytes", self.bytes);
        fields("drops_log", self.drops_log);
    }
};

// The replica has the leader's snapshot in place of its own log.
struct RaftSnapshotLoaded {
    static constexpr std::string_view event_name = "RaftSnapshotLoaded";
    BrokerId replica;
    Offset end_offset;
    RaftEpoch epoch;
    std::uint64_t bytes = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("end_offset", self.end_offset);
        fields("epoch", self.epoch);
        fields("bytes", self.bytes);
    }
};

// The raft high watermark of one replica moved: everything below it is committed.
struct RaftCommitted {
    static constexpr std::string_view event_name = "RaftCommitted";
    BrokerId replica;
    RaftEpoch epoch;
    Offset high_watermark;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("epoch", self.epoch);
        fields("high_watermark", self.high_watermark);
    }
};

// The member cannot go on (its log cannot be written, it was told to cut committed records, or its
// disk is another node's) and its process halts.
struct RaftHalted {
    static constexpr std::string_view event_name = "RaftHalted";
    BrokerId replica;
    std::string why;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("replica", self.replica);
        fields("why", self.why);
    }
};

// A broker replayed committed metadata up to `offset`, exclusive. `digest` is a hash of the image.
struct MetadataApplied {
    static constexpr std::string_view event_name = "MetadataApplied";
    BrokerId broker;
    Offset offset;
    std::uint64_t digest = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("broker", self.broker);
        fields("offset", self.offset);
        fields("digest", self.digest);
    }
};

}  // namespace squall::model
