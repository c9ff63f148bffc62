#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

// The finalized features are those of this broker's own image, and so is their epoch: how far it
// has replayed (KIP-584). A broker that has none yet does not answer, as Kafka's processes no
// request before it has caught up with the metadata.
ApiVersionsResponse handle(Broker& broker, ApiVersionsRequest&, const RequestContext& context) {
    // Clients of older versions cannot read a range that begins at 0 (KAFKA-17492).
    constexpr ApiVersion first_that_reads_zero = 4;
    broker.await_metadata();
    ApiVersionsResponse response = supported_apis(BrokerApis{});
    const auto offer = [&](const std::string& name, FeatureRange range) {
        if (range.min == 0 && context.api_version < first_that_reads_zero) return;
        response.supported_features.push_back(
            {.name = name, .min_version = range.min, .max_version = range.max});
    };
    for (const auto& [name, range] : supported_features()) offer(name, range);
    offer(std::string(feature::kraft_version), {0, 1});
    const MetadataImage& image = broker.image();
    response.finalized_features_epoch = image.next_offset.value() - 1;
    const auto finalize = [&](const std::string& name, FeatureLevel level) {
        response.finalized_features.push_back(
            {.name = name, .max_version_level = level, .min_version_level = level});
    };
    for (const auto& [name, level] : image.features) finalize(name, level);
    const auto kraft = static_cast<FeatureLevel>(broker.config().raft.kraft_version);
    if (kraft > 0) finalize(std::string(feature::kraft_version), kraft);
    return response;
}

}  // namespace squall::model
