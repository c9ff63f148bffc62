#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

// Clients learn from the versions of transactional requests which transaction.version to go by: one
// that the cluster has not enabled is not offered.
ApiVersionsResponse handle(Broker& broker, ApiVersionsRequest&, const RequestContext&) {
    const std::int16_t level = broker.config().transactions.transaction_version;
    ApiVersionsResponse response = supported_apis(BrokerApis{});
    for (ApiVersionsResponse::Api& api : response.api_keys) {
        if (level >= 2) break;
        if (api.api_key == ApiKey::end_txn) {
            api.max_version = first_end_txn_of_version_2 - 1;
        } else if (api.api_key == ApiKey::txn_offset_commit) {
            api.max_version = first_txn_offset_commit_of_version_2 - 1;
        }
    }
    response.supported_features.push_back(
        {.name = "transaction.version", .min_version = 0, .max_version = 2});
    response.finalized_features_epoch = 0;
    response.finalized_features.push_back(
        {.name = "transaction.version", .max_version_level = level, .min_version_level = level});
    return response;
}

}  // namespace squall::model
