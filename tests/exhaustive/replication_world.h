// ReplicationWorld: one partition on three brokers under one controller, for the exhaustive search.
// Every decision is that of the real deciders: PartitionLeader and PartitionFollower with their
// fetch rules, the leader epoch cache of the log, ClusterControl with its election and
// AlterPartition.
//
// In every state each of these may happen: a client writes one record with acks=all to whoever
// takes itself for the leader; a follower fetches; its fetch arrives, the answer arrives, either is
// lost; a leader finds that replica.lag.time.max.ms has passed; its AlterPartition arrives at the
// controller, the answer arrives, or is lost and the same is asked again; a broker replays the next
// change of metadata; the controller fences a broker of which it heard nothing, be it alive or not;
// a fenced broker that has replayed everything is unfenced; a broker stops uncleanly, with its log
// as it was (a crash) or any shorter (a loss of power, nothing was flushed), and starts again.
//
// Loss rule: an acknowledged record is safe while fewer than min.insync.replicas brokers ever stop
// uncleanly. The controller's own state is taken as committed the moment it decides; its log is the
// business of RaftWorld. Records are one batch each, and the log is kept as Kafka's leaders and
// followers keep it (append, truncate, epochs), without segments and retention.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "checkers/invariants.h"
#include "model/bugs.h"
#include "model/controller/cluster_control.h"
#include "model/controller/image.h"
#include "model/log/leader_epoch_cache.h"
#include "model/replica/partition_follower.h"
#include "model/replica/partition_leader.h"
#include "tests/exhaustive/interned.h"
#include "tests/exhaustive/search.h"

namespace squall::exhaustive {

struct ReplicationBounds {
    int min_insync_replicas = 2;
    int leader_changes = 2;    // leader epochs after the first
    int partition_epochs = 4;  // changes of the partition's state after the first
    int records = 3;
    int fencings = 2;
    int unclean_stops = 0;
    int lags = 1;              // of one reign, each longer than replica.lag.time.max.ms
    int unreplayed = 3;        // changes of metadata that a live broker is behind
    int fetches = 1;           // under way at a time, over all followers
    bool is_lossy = false;     // fetches get lost
    int late_fetches = 0;      // that arrive after their follower gave them up
    bool is_balanced = false;  // leadership may go back to the preferred replica, b1
    int first_leader = 0;
};

class ReplicationWorld {
  public:
    static constexpr int replicas = 3;
    static constexpr int views_max = 6;
    static constexpr int epochs_max = 5;
    static constexpr int records_max = 8;

    struct State {
        std::array<std::uint32_t, replicas> brokers;  // numbers of local states
        // Metadata from what the slowest live broker has replayed to what is committed: number + 1.
        std::array<std::uint16_t, views_max> views;
        std::array<std::uint16_t, replicas> fetches;   // under way, by follower: number + 1
        std::array<std::uint16_t, replicas> alters;    // under way, by leader: number + 1
        std::uint16_t late_fetch;                      // its follower has given it up: number + 1
        std::array<std::uint8_t, replicas> replayed;   // which of views
        std::array<std::uint8_t, epochs_max> leaders;  // who ever led each epoch, one bit each
        std::uint8_t produced;
        std::uint8_t acknowledged;  // one bit for each record
        std::uint8_t fencings;
        std::uint8_t unclean_stops;
        std::uint8_t failure;  // number + 1 of what a decider asserted
        std::uint8_t late_fetches;
    };
    enum class Kind : std::uint8_t {
        produce,
        fetch,
        fetch_arrives,
        fetch_answer_arrives,
        fetch_is_lost,
        fetch_times_out,
        late_fetch_arrives,
        lag,
        alter_arrives,
        alter_answer_arrives,
        alter_answer_is_lost,
        replay,
        fence,
        unfence,
        balance,
        stop,
        start
    };
    struct Action {
        Kind kind;
        std::uint8_t broker = 0;  // whom it happens to; of a fetch: the follower
        std::uint16_t what = 0;   // message, view, record or length
    };

    explicit ReplicationWorld(ReplicationBounds bounds = {}, const model::BugSet* bugs = nullptr);

    State initial();
    void actions(const State& state, std::vector<Action>& into) const;
    std::optional<State> apply(const State& state, const Action& action);
    const std::vector<Invariant<ReplicationWorld>>& invariants() const { return invariants_; }

    std::string narrate(const State& before, const Action& action, const State& after) const;
    std::string show(const State& state) const;
    std::string figures() const;

    // ---- invariants ----
    bool has_one_leader_per_epoch(const State& state) const;
    bool has_leader_in_isr(const State& state) const;
    bool has_matching_logs(const State& state) const;
    bool has_strong_isr(const State& state) const;  // implies ValidHighWatermark
    bool keeps_acknowledged_records(const State& state) const;
    bool is_free_of_failures(const State& state) const;

  private:
    struct NoRole {
        model::Offset high_watermark{0};
    };
    struct Broker {
        int self = 0;
        bool is_up = true;
        model::BrokerEpoch epoch{0};
        std::variant<NoRole, model::PartitionLeader, model::PartitionFollower> role;
        std::vector<checkers::invariants::Entry> log;
        model::LeaderEpochCache epochs;
        int lags = 0;  // of this reign; it is also its clock

        const model::PartitionLeader* leader() const;
        const model::PartitionFollower* follower() const;
        model::LeaderEpoch leader_epoch() const;
        model::Offset high_watermark() const;
        model::Offset log_end() const;
        LocalTime now() const { return LocalTime(Duration(lags)); }
    };
    struct Fetch {
        int follower = 0;
        int leader = 0;
        model::BrokerEpoch broker_epoch{0};
        model::FollowerFetch asked;
        bool is_answered = false;
        model::ErrorCode error = model::ErrorCode::none;
        std::optional<model::OffsetAndEpoch> diverging = std::nullopt;
        model::Offset high_watermark{0};
        model::Offset leader_end{0};
        std::vector<checkers::invariants::Entry> records = {};
    };
    struct Alter {
        int leader = 0;
        model::BrokerEpoch broker_epoch{0};
        model::IsrChange proposal;
        bool is_answered = false;
        model::ErrorCode error = model::ErrorCode::none;
        model::LeaderEpoch leader_epoch{0};
        std::vector<model::BrokerId> isr = {};
        model::PartitionEpoch partition_epoch{0};
    };
    struct Outcome {
        std::uint32_t broker = 0;
        std::uint16_t fetch = 0;  // sent or answered: number + 1
        std::uint16_t alter = 0;  // proposed: number + 1
        std::uint8_t acknowledged = 0;
        std::uint8_t failure = 0;
    };
    struct Decided {
        std::uint16_t view = 0;   // number + 1 of what is committed now
        std::uint16_t alter = 0;  // the answer: number + 1
    };

    const model::MetadataImage& image_of(std::uint16_t view) const { return views_[view - 1u]; }
    const model::PartitionImage& partition_of(std::uint16_t view) const;
    static std::uint16_t committed_view(const State& state);

    std::uint32_t number_of(Broker broker);
    std::uint16_t number_of(model::MetadataImage image);
    std::uint16_t number_of(Fetch fetch);
    std::uint16_t number_of(Alter alter);
    std::uint8_t note_failure(const std::string& text);

    const Outcome& outcome_of(std::uint32_t broker, Kind kind, std::uint16_t what);
    void step(Broker& broker, Kind kind, std::uint16_t what, Outcome& outcome);
    void replay(Broker& broker, std::uint16_t view, Outcome& outcome);
    void answer_fetch(Broker& broker, const Fetch& request, Outcome& outcome);
    void take_answer(Broker& broker, const Fetch& answer, Outcome& outcome);
    void carry_out(Broker& broker, const model::PartitionLeader::Output& output, Outcome& outcome);
    void carry_out(Broker& broker, const model::PartitionFollower::Output& output,
                   const std::vector<checkers::invariants::Entry>& records);
    model::LogState log_state(const Broker& broker) const;
    model::PartitionView view_for(const model::MetadataImage& image) const;

    const Decided& decided(std::uint16_t view, Kind kind, std::uint16_t what);
    Decided decide(std::uint16_t view, Kind kind, std::uint16_t what);
    static void commit(model::MetadataImage& image,
                       const std::vector<model::MetadataRecord>& records);
    model::BrokerRegistrationRequest registration_of(const model::MetadataImage& image,
                                                     int broker) const;

    bool publish(State& state, std::uint16_t view) const;
    static void forget_old_views(State& state, const ReplicationWorld& world);
    bool is_current_in_sync(const State& state, int broker) const;

    ReplicationBounds bounds_;
    const model::BugSet* bugs_;
    model::ClusterControl cluster_control_;
    model::ReplicaControl replica_control_;
    Interned<Broker> brokers_;
    Interned<model::MetadataImage> views_;
    Interned<Fetch> fetches_;
    Interned<Alter> alters_;
    std::vector<Outcome> outcomes_;
    std::vector<Decided> decisions_;
    Memory memory_of_brokers_;
    Memory memory_of_controller_;
    std::vector<std::string> failures_;
    std::vector<Invariant<ReplicationWorld>> invariants_;
};

}  // namespace squall::exhaustive
