#include "model/broker/broker.h"
#include "model/broker/handlers/handlers.h"

namespace squall::model {

// Forwarded to the active controller (Kafka wraps it in an Envelope; KIP-590). A topic is there for
// this broker's readers when its own image says so, which may be a moment later.
CreateTopicsResponse handle(Broker& broker, CreateTopicsRequest& request, const RequestContext&) {
    Result<CreateTopicsResponse> answer = broker.forward(request);
    if (answer) return std::move(answer).value();
    CreateTopicsResponse failed;
    for (const CreateTopicsRequest::Topic& topic : request.topics) {
        CreateTopicsResponse::Topic& slot = failed.topics.emplace_back();
        slot.name = topic.name;
        slot.error_code = ErrorCode::request_timed_out;
        slot.error_message = "no answer from the controller: " + to_string(answer.error());
    }
    return failed;
}

}  // namespace squall::model
