#include "model/broker/handlers/handlers.h"

namespace squall::model {
namespace {

constexpr auto no_authorizer = "No Authorizer is configured.";

}  // namespace

// Nobody is asked who they are: the answers are those of a broker without an authorizer.
DescribeAclsResponse handle(Broker&, DescribeAclsRequest&, const RequestContext&) {
    DescribeAclsResponse response;
    response.error_code = ErrorCode::security_disabled;
    response.error_message = "No Authorizer is configured on the broker";
    return response;
}

CreateAclsResponse handle(Broker&, CreateAclsRequest& request, const RequestContext&) {
    CreateAclsResponse response;
    response.results.resize(request.creations.size(), {.error_code = ErrorCode::security_disabled,
                                                       .error_message = no_authorizer});
    return response;
}

DeleteAclsResponse handle(Broker&, DeleteAclsRequest& request, const RequestContext&) {
    DeleteAclsResponse response;
    response.filter_results.resize(request.filters.size(),
                                   {.error_code = ErrorCode::security_disabled,
                                    .error_message = no_authorizer,
                                    .matching_acls = {}});
    return response;
}

}  // namespace squall::model
