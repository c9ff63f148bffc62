// RaftHost: one member of the metadata quorum on its node, voter or observer. Owns the quorum
// decider, the quorum-state file and the bytes of __cluster_metadata-0, and fixes the order of
// effects: persist -> log -> (flush) -> speak -> tell.
//
// Its disk is what votes: meta.properties says its directory id, and a disk without one is a new
// disk, which gets an id of its own and so is nobody in the quorum until it is made a voter
// (KIP-853).
//
// One mailbox task steps the decider; flushes, fetches and other requests run in tasks of their own
// and come back as inputs. Proposals are taken at once, outside the mailbox, so that a controller
// can apply its records before the next request: a leader persists nothing, so no output is ever
// half done when a proposal comes (asserted).
//
// Snapshots lie beside the log. The state machine says what is in one, when it finds one due; the
// host writes and flushes the file in a task of its own, tells the decider when it is durable, and
// lets go of the front of a log that is too long. A loaded one is stored piece by piece under
// another name until it is whole and checked.
//
// An I/O error of the metadata log, or an order to cut committed records, halts the process, as in
// Kafka.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/log/log_directory.h"
#include "model/protocol/control_batch.h"
#include "model/protocol/messages/add_raft_voter.h"
#include "model/protocol/messages/describe_quorum.h"
#include "model/protocol/messages/remove_raft_voter.h"
#include "model/protocol/messages/update_raft_voter.h"
#include "model/raft/quorum.h"
#include "model/raft/quorum_wire.h"
#include "model/rpc/channel.h"
#include "sim/disk/disk.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

// What a raft host tells whoever keeps state by the log. Called on the host's turn, after the
// effects of the step; must not park.
class RaftStateMachine {
  public:
    virtual ~RaftStateMachine() = default;
    // Everything below high_watermark() is committed.
    virtual void on_committed() = 0;
    // Role, epoch or known leader changed.
    virtual void on_leadership() = 0;
};

class RaftHost {
  public:
    // `logs` is open (LogDirectory::open_all) before start(). All references outlive the host.
    RaftHost(sim::Node& node, BrokerId self, RaftOptions options, ChannelPool& channels,
             LogDirectory& logs, sim::Disk& disk, RaftStateMachine& listener,
             const BugSet* bugs = nullptr);
    ~RaftHost();

    // Called after those that were added before. Before start(); outlives the host's tasks.
    void add_listener(RaftStateMachine& listener) { listeners_.push_back(&listener); }

    // Reads what the disk has and begins to take part. Called once, on a task of the node. May
    // park.
    void start();

    // ---- for the state machine ----

    BrokerId self() const { return self_; }
    const Uuid& directory_id() const { return directory_id_; }

    // Appends one batch of `count` records as leader; its offsets are the log's next ones. nullopt:
    // not the leader. Committed when high_watermark() passes the last offset; lost if leadership is
    // lost first, or committed after all under the next leader.
    std::optional<raft::BatchSpan> propose(Bytes batch, std::int32_t count);
    // Batches from the one at `from` on that are committed, at most about `max_bytes`.
    // Requires: log_start() <= from <= high_watermark().
    Bytes read_committed(Offset from, std::int64_t max_bytes);

    // The content of the latest snapshot. Requires: snapshot().offset > 0.
    Bytes read_snapshot();
    // Writes a snapshot of everything below `end`, in the background; `values` are those of its
    // records. Nothing happens while another one is being written, or where a later one is there.
    // Requires: end <= high_watermark(), the end of a batch. Never parks.
    void take_snapshot(Offset end, std::vector<Bytes> values);

    bool is_started() const { return quorum_.has_value(); }
    bool is_leader() const { return quorum_ && quorum_->is_leader(); }
    RaftEpoch epoch() const { return quorum_ ? quorum_->state().epoch : raft::no_epoch; }
    BrokerId leader() const { return quorum_ ? quorum_->leader() : no_broker; }
    // Where the leader listens; nullopt while none is known.
    std::optional<Endpoint> leader_endpoint() const;
    Offset high_watermark() const { return quorum_ ? quorum_->high_watermark() : Offset{0}; }
    Offset log_start() const { return quorum_ ? quorum_->log().start().offset : Offset{0}; }
    raft::LogPosition snapshot() const {
        return quorum_ ? quorum_->snapshot() : raft::LogPosition{};
    }
    Offset log_end() const { return quorum_ ? quorum_->log().log_end() : Offset{0}; }
    // Requires: is_leader().
    Offset epoch_start() const { return quorum_->epoch_start(); }

    // ---- for the server; each may park, a Fetch up to its max_wait_ms ----

    FetchResponse handle(const FetchRequest& request);
    VoteResponse handle(const VoteRequest& request);
    BeginQuorumEpochResponse handle(const BeginQuorumEpochRequest& request);
    EndQuorumEpochResponse handle(const EndQuorumEpochRequest& request);
    FetchSnapshotResponse handle(const FetchSnapshotRequest& request);
    // What the leader knows of voters and observers. Does not park.
    DescribeQuorumResponse handle(const DescribeQuorumRequest& request) const;
    // Changes of the voters: each parks until it is committed, refused, or its time is up, which
    // does not take it back.
    AddRaftVoterResponse handle(const AddRaftVoterRequest& request);
    RemoveRaftVoterResponse handle(const RemoveRaftVoterRequest& request);
    UpdateRaftVoterResponse handle(const UpdateRaftVoterRequest& request);

    // Leaves leadership in good order, and returns when the other voters know, or after
    // request.timeout.ms. May park.
    void resign();

    // The metadata can not be read, written, or made sense of: the process ends, as Kafka's fault
    // handler ends it. The calling task goes with it.
    [[noreturn]] void halt(const Error& error);

  private:
    struct FetchAnswer {
        raft::FetchResponse response;
        Bytes records;
        Duration cost{};
    };
    // Who asked for a change of the voters, and may have to wait for it.
    struct VoterChange {
        sim::Completer<ErrorCode> done;
        bool waits_for_commit = true;
        Offset offset{0};  // of its record, once there is one
    };
    // An input, with what else came with it.
    struct Work {
        raft::Input input;
        Bytes records = {};                                            // of a FetchResponse
        std::optional<sim::Completer<raft::Message>> answer = {};      // of a request
        std::optional<sim::Completer<FetchAnswer>> fetch_answer = {};  // of a Fetch
        LocalTime hold_until{};                                        // of a Fetch
        std::optional<VoterChange> change = {};                        // of the voters
    };
    struct HeldFetch {
        raft::FetchRequest request;
        sim::Completer<FetchAnswer> answer;
        LocalTime hold_until;
    };
    // What the leader saw of one replica's fetches, for DescribeQuorum.
    struct ReplicaProgress {
        Offset log_end = no_offset;
        TimestampMs last_fetch = -1;
        TimestampMs last_caught_up = -1;
        Offset leader_end{0};  // at the last fetch
    };
    // The requests to one other voter, in order.
    struct Peer {
        Peer(sim::Node& node, BrokerId voter) : id(voter), outbox(node) {}

        BrokerId id;
        sim::Mailbox<raft::Message> outbox;
        std::size_t unanswered = 0;
    };

    void run();
    void run_flushes();
    void run_fetches();
    void run_peer(Peer& peer);
    void ask_peer(Peer& peer, const raft::Message& message);

    // One request to `from`, and what came of it; null: nothing.
    std::unique_ptr<Work> fetch(const raft::FetchRequest& request, BrokerId from, Endpoint to);
    std::unique_ptr<Work> fetch(const raft::FetchSnapshotRequest& request, BrokerId from,
                                Endpoint to);
    template <class Wire>
    std::optional<typename Wire::Response> call_patiently(Wire&& request, Endpoint to);
    // Stores a piece of a snapshot. May park.
    void store(const FetchSnapshotResponse::Partition& piece,
               raft::FetchSnapshotResponse& response);

    // What the disk has of the log, behind the latest sound snapshot.
    struct FoundLog {
        raft::LogSummary summary;
        raft::VoterHistory voters;
    };
    FoundLog summarize(const raft::LogPosition& snapshot);
    raft::LogPosition find_snapshot();
    Uuid find_directory_id();
    void write_snapshot(raft::LogPosition id, const Bytes& content);
    void restart_at(const raft::LogPosition& snapshot);
    void remove_snapshots_before(const raft::LogPosition& latest);

    void enqueue(std::unique_ptr<Work> work);
    void enqueue(raft::Input input);
    void step(Work& work);
    // The order of effects.
    void carry_out(raft::Output& output, Work& work);
    void persist(const raft::QuorumState& state);
    void truncate(Offset to);
    void append_leader_change(const raft::Output& output);
    void append_voters(const raft::VoterSet& voters);
    void append_as_leader(Bytes batch);
    void append_fetched(std::size_t count, ByteView records);
    void send(raft::Outbound outbound);
    void answer_held_fetches();
    void note_progress(const raft::FetchRequest& fetch);
    FetchAnswer answer(const raft::FetchRequest& request);
    void note_appended(const BatchView& batch);
    void tell(const raft::Output& output);
    LocalTime next_deadline() const;
    template <class T>
    T must(Result<T> result);
    template <class Wire, class Request, class Response>
    Wire ask(std::optional<Request> request);

    std::optional<Endpoint> endpoint_of(BrokerId server) const;
    // By id; null where it is not known.
    const RaftVoter* find_server(BrokerId server) const;
    void learn_endpoint(BrokerId id, const std::string& host, std::int32_t port);
    template <class Response>
    void learn_endpoints(const Response& response);
    // Adds where the leader listens.
    template <class Response>
    Response with_leader(Response response) const;
    Peer& peer_of(BrokerId voter);
    // Steps the decider; may park.
    ErrorCode change_voters(raft::Input change, std::chrono::milliseconds timeout,
                            bool waits_for_commit = true);
    void note_voter_change(const raft::Output& output, VoterChange change);
    void answer_voter_changes();
    void describe_replicas(DescribeQuorumResponse::Partition& partition) const;
    bool speaks_raft(const RaftVoter& voter);

    sim::Node& node_;
    BrokerId self_;
    RaftOptions options_;
    ChannelPool& channels_;
    LogDirectory& logs_;
    sim::Disk& disk_;
    std::vector<RaftStateMachine*> listeners_;
    const BugSet* bugs_;
    Log* log_ = nullptr;
    std::optional<raft::Quorum> quorum_;
    sim::Mailbox<std::unique_ptr<Work>> mailbox_;  // large, and handed on often
    sim::Gate dirty_;                              // something is to be flushed
    // The Fetch that is to be sent next; a later one supersedes it.
    std::optional<raft::Outbound> next_fetch_;
    sim::Gate has_fetch_;
    sim::Gate has_told_all_;  // no request to a voter is unanswered
    std::vector<std::unique_ptr<Peer>> peers_;
    // Servers that are neither voters here nor configured: where others say that they listen.
    std::vector<RaftVoter> learned_;
    Uuid directory_id_;
    std::vector<VoterChange> voter_changes_;  // that wait for their commit
    raft::VoterSet known_voters_;             // as last told to the trace
    std::vector<HeldFetch> held_;
    bool is_snapshotting_ = false;
    std::map<raft::ReplicaKey, ReplicaProgress> progress_;  // since this member leads
    Duration unpaid_{};           // disk time of the step under way, paid before anything is said
    bool log_is_behind_ = false;  // its summary: between a step and its appends
    // Cut since the flush under way began: what it covers ends here.
    std::optional<Offset> cut_to_;
};

}  // namespace squall::model
