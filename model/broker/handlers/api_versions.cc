#include "model/broker/handlers/handlers.h"

namespace squall::model {

ApiVersionsResponse handle(Broker&, ApiVersionsRequest&, const RequestContext&) {
    return supported_apis(BrokerApis{});
}

}  // namespace squall::model
