// The roles of a quorum member, each with what it remembers only while it lasts. What must survive
// (epoch, leader, vote) is QuorumState, the content of Kafka's quorum-state file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "model/protocol/types.h"
#include "model/raft/log_summary.h"
#include "model/raft/voter_set.h"
#include "sim/base/time.h"

namespace squall::model::raft {

// Durable before anything that depends on it leaves the node.
struct QuorumState {
    RaftEpoch epoch = no_epoch;
    BrokerId leader = no_broker;   // of this epoch, once known
    BrokerId voted = no_broker;    // in this epoch, once given
    Uuid voted_directory_id = {};  // of that candidate; zero where it did not tell

    bool operator==(const QuorumState&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("leader_epoch", self.epoch);
        fields("leader_id", self.leader);
        fields("voted_id", self.voted);
        fields("voted_directory_id", self.voted_directory_id);
    }
};

enum class RoleName : std::uint8_t {
    unattached,
    prospective,
    candidate,
    leader,
    follower,
    resigned
};
std::string_view to_string(RoleName role);

// Knows no leader; may vote. A voter waits for its election timeout, an observer looks for a
// leader.
struct Unattached {
    LocalTime election_deadline;

    bool operator==(const Unattached&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("election_deadline", self.election_deadline);
    }
};

// Who answered an election, and how. Each voter counts once, with its last word.
struct Ballot {
    std::map<BrokerId, bool> votes;

    std::size_t granted() const { return count(true); }
    std::size_t rejected() const { return count(false); }

    bool operator==(const Ballot&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("votes", self.votes);
    }

  private:
    std::size_t count(bool vote) const {
        return static_cast<std::size_t>(
            std::ranges::count(votes, vote, [](const auto& entry) { return entry.second; }));
    }
};

// Asks whether an election would succeed, before it disturbs anyone with a new epoch (KIP-996).
struct Prospective {
    Ballot ballot;
    LocalTime election_deadline;

    bool operator==(const Prospective&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("ballot", self.ballot);
        fields("election_deadline", self.election_deadline);
    }
};

// Voted for itself in its epoch and asks for the votes of the others.
struct Candidate {
    Ballot ballot;
    LocalTime election_deadline;
    bool backing_off = false;  // refused by a majority: the deadline is the end of the back-off

    bool operator==(const Candidate&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("ballot", self.ballot);
        fields("election_deadline", self.election_deadline);
        fields("backing_off", self.backing_off);
    }
};

// What a leader saw of a replica that does not vote, which may be asked to (KIP-853).
struct ObserverProgress {
    Offset end{0};
    LocalTime fetched_at;
    bool has_caught_up = false;  // once had all that the leader had

    bool operator==(const ObserverProgress&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("end", self.end);
        fields("fetched_at", self.fetched_at);
        fields("has_caught_up", self.has_caught_up);
    }
};

struct Leader {
    Offset epoch_start;  // of its LeaderChange record
    // Of the other voters: what they acknowledged by fetches of this epoch, and when they last
    // fetched (at the election, to begin with).
    std::map<BrokerId, Offset> voter_ends;
    std::map<BrokerId, LocalTime> voter_fetches;
    std::map<ReplicaKey, ObserverProgress> observers;
    LocalTime announce_deadline;  // next BeginQuorumEpoch to those who have not fetched yet

    bool operator==(const Leader&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("epoch_start", self.epoch_start);
        fields("voter_ends", self.voter_ends);
        fields("voter_fetches", self.voter_fetches);
        fields("observers", self.observers);
        fields("announce_deadline", self.announce_deadline);
    }
};

struct Follower {
    LocalTime fetch_deadline;  // then the leader counts as lost
    bool has_fetched = false;  // heard from the leader in this epoch (KIP-996)
    // The snapshot that it loads from the leader instead of fetching, and how many bytes it has.
    std::optional<LogPosition> loading = std::nullopt;
    std::int64_t loaded_bytes = 0;

    bool operator==(const Follower&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("fetch_deadline", self.fetch_deadline);
        fields("has_fetched", self.has_fetched);
        fields("loading", self.loading);
        fields("loaded_bytes", self.loaded_bytes);
    }
};

// Was leader of this epoch, in this process or before a restart, and will not be again.
struct Resigned {
    LocalTime election_deadline;

    bool operator==(const Resigned&) const = default;
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("election_deadline", self.election_deadline);
    }
};

// In the order of RoleName.
using Role = std::variant<Unattached, Prospective, Candidate, Leader, Follower, Resigned>;

}  // namespace squall::model::raft
