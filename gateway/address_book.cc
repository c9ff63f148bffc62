#include "gateway/address_book.h"

#include "model/protocol/messages/describe_cluster.h"
#include "model/protocol/messages/fetch.h"
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/messages/metadata.h"
#include "model/protocol/messages/produce.h"

namespace squall::gateway {

using model::ApiKey;

// Anything with a host and a port.
template <class Host>
void AddressBook::translate(Host& host) const {
    const auto found = addresses_.find(host.host);
    if (found == addresses_.end()) return;
    host.host = found->second.host;
    host.port = found->second.port;
}

void AddressBook::advertise(ApiKey api, model::Message& response) const {
    if (api == ApiKey::metadata) {
        for (auto& broker : response.as<model::MetadataResponse>().brokers) translate(broker);
    } else if (api == ApiKey::find_coordinator) {
        auto& answer = response.as<model::FindCoordinatorResponse>();
        translate(answer);
        for (auto& coordinator : answer.coordinators) translate(coordinator);
    } else if (api == ApiKey::describe_cluster) {
        for (auto& broker : response.as<model::DescribeClusterResponse>().brokers) {
            translate(broker);
        }
    } else if (api == ApiKey::produce) {
        for (auto& node : response.as<model::ProduceResponse>().node_endpoints) translate(node);
    } else if (api == ApiKey::fetch) {
        for (auto& node : response.as<model::FetchResponse>().node_endpoints) translate(node);
    }
}

}  // namespace squall::gateway
