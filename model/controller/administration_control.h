// AdministrationControl: what administrators ask of the controller, request by request: each is
// taken apart, judged item by item by the control whose matter it is, and answered in Kafka's words
// (the part of Kafka's ControllerApis and QuorumController that is neither brokers nor replicas).
//
// The items of one request fail or succeed each alone. Items that name the same thing twice are
// refused, all of them: it could not be told which one is meant. With validate_only nothing is
// written. A decider: only reads an image and returns records.
#pragma once

#include <cstdint>

#include "model/controller/cluster_control.h"
#include "model/controller/config_control.h"
#include "model/controller/decision.h"
#include "model/controller/feature_control.h"
#include "model/controller/image.h"
#include "model/controller/producer_id_control.h"
#include "model/controller/replica_control.h"
#include "model/controller/topic_control.h"
#include "model/protocol/messages/allocate_producer_ids.h"
#include "model/protocol/messages/alter_configs.h"
#include "model/protocol/messages/alter_partition_reassignments.h"
#include "model/protocol/messages/create_partitions.h"
#include "model/protocol/messages/delete_topics.h"
#include "model/protocol/messages/elect_leaders.h"
#include "model/protocol/messages/incremental_alter_configs.h"
#include "model/protocol/messages/list_partition_reassignments.h"
#include "model/protocol/messages/unregister_broker.h"
#include "model/protocol/messages/update_features.h"

namespace squall::model {

class AdministrationControl {
  public:
    // `bugs` outlives the control.
    explicit AdministrationControl(ControllerOptions options, const BugSet* bugs = nullptr)
        : options_(options),
          replicas_(options, bugs),
          cluster_(options, bugs),
          configs_(options),
          features_(options) {}

    // By name or by id, not both. Errors besides TopicControl's: topic_deletion_disabled,
    // invalid_request, unknown_topic_or_partition for a name.
    Decision<DeleteTopicsResponse> decide(const MetadataImage& image,
                                          const DeleteTopicsRequest& request) const;
    // `entropy` seeds the placement.
    Decision<CreatePartitionsResponse> decide(const MetadataImage& image,
                                              const CreatePartitionsRequest& request,
                                              std::uint64_t entropy) const;
    Decision<IncrementalAlterConfigsResponse> decide(
        const MetadataImage& image, const IncrementalAlterConfigsRequest& request) const;
    // Replaces: what is not named goes back to its default.
    Decision<AlterConfigsResponse> decide(const MetadataImage& image,
                                          const AlterConfigsRequest& request) const;
    // Of all partitions where none are named; those that need no election are then left out.
    Decision<ElectLeadersResponse> decide(const MetadataImage& image,
                                          const ElectLeadersRequest& request) const;
    Decision<AlterPartitionReassignmentsResponse> decide(
        const MetadataImage& image, const AlterPartitionReassignmentsRequest& request) const;
    Decision<ListPartitionReassignmentsResponse> decide(
        const MetadataImage& image, const ListPartitionReassignmentsRequest& request) const;
    Decision<UnregisterBrokerResponse> decide(const MetadataImage& image,
                                              const UnregisterBrokerRequest& request) const;
    Decision<AllocateProducerIdsResponse> decide(const MetadataImage& image,
                                                 const AllocateProducerIdsRequest& request) const;
    Decision<UpdateFeaturesResponse> decide(const MetadataImage& image,
                                            const UpdateFeaturesRequest& request) const {
        return features_.update(image, request);
    }

  private:
    ControllerOptions options_;
    TopicControl topics_;
    ReplicaControl replicas_;
    ClusterControl cluster_;
    ConfigControl configs_;
    FeatureControl features_;
    ProducerIdControl producer_ids_;
};

}  // namespace squall::model
