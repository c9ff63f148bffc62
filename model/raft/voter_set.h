// VoterSet: who votes in the metadata quorum, and where they listen (KIP-853). A voter is a node id
// together with the directory id of the disk that holds its log: a node that comes back with an
// empty disk is not the voter that it was, since it may have forgotten a vote or an
// acknowledgement.
//
// A set without directory ids is a static one (controller.quorum.voters, kraft.version 0): it knows
// voters by their node id alone, and never changes.
//
// VoterHistory: the sets that a log holds, each from its record on, whether or not that is
// committed (Raft 4.1: "a server always uses the latest configuration in its log"). Values, pure.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/types.h"
#include "model/raft/raft_options.h"

namespace squall::model::raft {

// A replica of the metadata log: a node with its disk.
struct ReplicaKey {
    BrokerId id = no_broker;
    Uuid directory_id;  // zero: not told

    auto operator<=>(const ReplicaKey&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("id", self.id);
        fields("directory_id", self.directory_id);
    }
};

ReplicaKey key_of(const RaftVoter& voter);

class VoterSet {
  public:
    VoterSet() = default;
    // Requires: distinct ids; directory ids for all or for none.
    explicit VoterSet(std::vector<RaftVoter> voters);

    // By id.
    const std::vector<RaftVoter>& voters() const { return voters_; }
    std::size_t size() const { return voters_.size(); }
    bool empty() const { return voters_.empty(); }
    std::size_t majority() const { return voters_.size() / 2 + 1; }
    // Null where nobody of that id votes.
    const RaftVoter* find(BrokerId id) const;
    bool contains(const ReplicaKey& key) const;
    // kraft.version 1: the set may change.
    bool knows_directories() const;

    // Requires: nobody of that id is in the set.
    VoterSet with(RaftVoter voter) const;
    // Requires: it is in the set, with others.
    VoterSet without(BrokerId id) const;

    bool operator==(const VoterSet&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("voters", self.voters_);
    }

  private:
    std::vector<RaftVoter> voters_;
};
// "1001, 1002"
std::string to_string(const VoterSet& set);

class VoterHistory {
  public:
    // `base` is in force where the log says nothing: from a snapshot, or from the configuration.
    explicit VoterHistory(VoterSet base) : base_(std::move(base)) {}

    // In force at the end of the log.
    const VoterSet& latest() const { return later_.empty() ? base_ : later_.back().voters; }
    // Of the record that latest() comes from; nullopt: the log does not hold it.
    std::optional<Offset> latest_offset() const;
    // In force in a log that ends at `end`.
    const VoterSet& before(Offset end) const;

    // Requires: `offset` beyond latest_offset().
    void append(Offset offset, VoterSet voters);
    // The log was cut at `to`.
    void truncate(Offset to);
    // The log begins at `start` now, with a snapshot of what was before.
    void drop_before(Offset start);
    // A snapshot took the place of the whole log.
    void restart_at(VoterSet base);

    bool operator==(const VoterHistory&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("base", self.base_);
        fields("later", self.later_);
    }

  private:
    struct Entry {
        Offset offset;
        VoterSet voters;

        bool operator==(const Entry&) const = default;

        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("offset", self.offset);
            fields("voters", self.voters);
        }
    };

    VoterSet base_;
    std::vector<Entry> later_;  // offsets strictly increasing
};

}  // namespace squall::model::raft
