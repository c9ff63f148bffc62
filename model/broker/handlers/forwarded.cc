#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

// Forwarded to the active controller (Kafka wraps them in an Envelope; KIP-590). What it decided is
// there for this broker's readers when its own image says so, which may be a moment later.

CreateTopicsResponse handle(Broker& broker, CreateTopicsRequest& request, const RequestContext&) {
    return broker.ask_controller(request);
}

DeleteTopicsResponse handle(Broker& broker, DeleteTopicsRequest& request, const RequestContext&) {
    return broker.ask_controller(request);
}

CreatePartitionsResponse handle(Broker& broker, CreatePartitionsRequest& request,
                                const RequestContext&) {
    return broker.ask_controller(request);
}

ElectLeadersResponse handle(Broker& broker, ElectLeadersRequest& request, const RequestContext&) {
    return broker.ask_controller(request);
}

AlterPartitionReassignmentsResponse handle(Broker& broker,
                                           AlterPartitionReassignmentsRequest& request,
                                           const RequestContext&) {
    return broker.ask_controller(request);
}

ListPartitionReassignmentsResponse handle(Broker& broker,
                                          ListPartitionReassignmentsRequest& request,
                                          const RequestContext&) {
    return broker.ask_controller(request);
}

UnregisterBrokerResponse handle(Broker& broker, UnregisterBrokerRequest& request,
                                const RequestContext&) {
    return broker.ask_controller(request);
}

UpdateFeaturesResponse handle(Broker& broker, UpdateFeaturesRequest& request,
                              const RequestContext&) {
    return broker.ask_controller(request);
}

AddRaftVoterResponse handle(Broker& broker, AddRaftVoterRequest& request, const RequestContext&) {
    return broker.ask_controller(request);
}

RemoveRaftVoterResponse handle(Broker& broker, RemoveRaftVoterRequest& request,
                               const RequestContext&) {
    return broker.ask_controller(request);
}

DescribeQuorumResponse handle(Broker& broker, DescribeQuorumRequest& request,
                              const RequestContext&) {
    return broker.ask_controller(request);
}

}  // namespace squall::model
