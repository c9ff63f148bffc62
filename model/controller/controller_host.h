// ControllerHost: the controller of one node of the quorum. Active while its raft host leads; then
// it decides on requests with the two deciders, writes the records of each decision as one batch,
// applies them to its image at once, and answers when they are committed.
//
// So the image of an active controller runs ahead of what is committed, by the batches in flight;
// when leadership is lost that image is dropped and replayed from the log, and everyone who waits
// gets NOT_CONTROLLER. A standby's image holds exactly what is committed. A new leader begins when
// everything up to its own first record is committed and replayed (KIP-595, KIP-631); where that
// is nothing but control records, it writes what a new cluster begins with (KIP-778).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model/controller/administration_control.h"
#include "model/controller/cluster_control.h"
#include "model/controller/controller_options.h"
#include "model/controller/metadata_chronicle.h"
#include "model/controller/metadata_loader_host.h"
#include "model/controller/replica_control.h"
#include "model/events/controller_events.h"
#include "model/raft/raft_host.h"

namespace squall::model {

class ControllerHost final : private RaftStateMachine {
  public:
    // All references outlive the host. Without a chronicle it tells of its own decisions alone.
    ControllerHost(sim::Node& node, BrokerId self, ControllerOptions options,
                   const RaftOptions& raft_options, ChannelPool& channels, LogDirectory& logs,
                   sim::Disk& disk, const BugSet* bugs = nullptr,
                   std::shared_ptr<MetadataChronicle> chronicle = nullptr);

    // Requires: `logs` is open. Called once, on a task. May park.
    void start();

    // ---- for the server; each may park until its records are committed ----

    BrokerRegistrationResponse handle(const BrokerRegistrationRequest& request);
    BrokerHeartbeatResponse handle(const BrokerHeartbeatRequest& request);
    CreateTopicsResponse handle(const CreateTopicsRequest& request);
    AlterPartitionResponse handle(const AlterPartitionRequest& request);
    // What administrators ask, and brokers forward (administration_control.h).
    DeleteTopicsResponse handle(const DeleteTopicsRequest& request);
    CreatePartitionsResponse handle(const CreatePartitionsRequest& request);
    IncrementalAlterConfigsResponse handle(const IncrementalAlterConfigsRequest& request);
    AlterConfigsResponse handle(const AlterConfigsRequest& request);
    ElectLeadersResponse handle(const ElectLeadersRequest& request);
    AlterPartitionReassignmentsResponse handle(const AlterPartitionReassignmentsRequest& request);
    ListPartitionReassignmentsResponse handle(const ListPartitionReassignmentsRequest& request);
    UnregisterBrokerResponse handle(const UnregisterBrokerRequest& request);
    AllocateProducerIdsResponse handle(const AllocateProducerIdsRequest& request);
    UpdateFeaturesResponse handle(const UpdateFeaturesRequest& request);

    RaftHost& raft() { return raft_; }
    bool is_active() const { return active_; }
    // Of an active controller: with what is on its way.
    const MetadataImage& image() const { return image_; }

  private:
    using ControllerEvent =
        std::variant<TopicCreated, TopicDeleted, PartitionChanged, ConfigChanged, BrokerRegistered,
                     BrokerUnregistered, BrokerFenceChanged, BrokerShutdownBegan,
                     FeatureLevelChanged>;

    // A batch in flight, or an answer that waits for one.
    struct Pending {
        Offset last_offset;
        std::optional<raft::BatchSpan> batch;  // not of an answer
        std::vector<ControllerEvent> events;
        sim::Completer<bool> committed;
    };

    void on_committed() override;
    void on_leadership() override;

    // KAFKA-6082: a controller decides, writes and answers only while it leads the quorum.
    bool must_stand_down() const;
    void maybe_activate();
    // Requires: active.
    void bootstrap_if_new();
    void resign_activity();
    // Applies what others decided and is committed, and tells what nobody told.
    void catch_up();
    // Requires: the image shows exactly what is committed.
    void tell_replayed();

    // Appends the batch as leader; nullopt: not the leader any more.
    std::optional<raft::BatchSpan> append(const std::vector<MetadataRecord>& records);
    bool is_committed(const Pending& pending) const;
    // Writes and applies the records. False: not the leader any more, nothing was applied.
    bool write(const std::vector<MetadataRecord>& records, const std::string& reason,
               sim::Completer<bool> committed);
    // The response of a decision, when it may be given. May park.
    template <class Response>
    Response carry_through(Decision<Response> decision, Response not_controller);
    template <class Request>
    typename Request::Response administer(const Request& request);
    // For what the controller does on its own.
    void carry_through(const std::vector<MetadataRecord>& records, const std::string& reason);
    // Applies the records to the image; what that is in the trace.
    std::vector<ControllerEvent> apply_and_describe(Offset base_offset,
                                                    const std::vector<MetadataRecord>& records,
                                                    const std::string& reason);
    void emit(const std::vector<ControllerEvent>& events);
    void describe_topics(const std::vector<MetadataRecord>& records,
                         std::vector<ControllerEvent>& events) const;
    // What a record puts an end to: the partition that it changes, the topic that it removes.
    struct Replaced {
        std::string topic;
        PartitionImage partition;
    };
    Replaced replaced_by(const MetadataRecord& record) const;
    void describe(const MetadataRecord& record, const Replaced& before, const std::string& reason,
                  std::vector<ControllerEvent>& events) const;

    // Sessions, idle records, balance, unclean elections.
    void run_timers();
    LocalTime next_due() const;
    void run_due();

    sim::Node& node_;
    BrokerId self_;
    ControllerOptions options_;
    const BugSet* bugs_;
    std::shared_ptr<MetadataChronicle> chronicle_;
    ReplicaControl replicas_;
    ClusterControl cluster_;
    FeatureControl features_;
    AdministrationControl administration_;
    MetadataImage image_;
    std::optional<std::uint64_t> digest_;  // of the image; a walk over everything, so kept
    Offset told_ = no_offset;              // how far the trace knows the image to be
    BrokerSessions sessions_;
    bool active_ = false;
    std::deque<Pending> pending_;  // in order of last_offset
    LocalTime idle_since_{};
    LocalTime balance_due_{};
    LocalTime unclean_due_{};
    sim::Gate attention_;
    RaftHost raft_;
    MetadataLoaderHost loader_;
};

}  // namespace squall::model
