#include "model/client/consumer/coordinator_finder.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

FindCoordinatorRequest CoordinatorFinder::begin_find() {
    ASSERT(!in_flight_ && !coordinator_, "group {}: the coordinator is known", group_id_);
    in_flight_ = true;
    FindCoordinatorRequest request;
    // Version 4 asks for several keys at once; older ones for this one.
    request.key = group_id_;
    request.key_type = CoordinatorType::group;
    request.coordinator_keys = {group_id_};
    return request;
}

ErrorCode CoordinatorFinder::on_found(const Result<FindCoordinatorResponse>& answer, LocalTime now,
                                      Draws& jitter) {
    ASSERT(in_flight_, "group {}: nobody asked for the coordinator", group_id_);
    in_flight_ = false;
    ErrorCode error = ErrorCode::network_exception;
    CoordinatorAddress found;
    if (answer) {
        error = answer->error_code;
        found = {.id = answer->node_id,
                 .host = answer->host,
                 .port = static_cast<std::uint16_t>(answer->port)};
        for (const FindCoordinatorResponse::Coordinator& one : answer->coordinators) {
            if (one.key != group_id_) continue;
            error = one.error_code;
            found = {
                .id = one.node_id, .host = one.host, .port = static_cast<std::uint16_t>(one.port)};
        }
    }
    if (error == ErrorCode::none) {
        failures_ = 0;
        coordinator_ = std::move(found);
        return ErrorCode::none;
    }
    ++failures_;
    not_before_ = now + backoff_.delay(failures_, jitter);
    return is_retriable(error) ? ErrorCode::none : error;
}

void CoordinatorFinder::break_connection(LocalTime now, Draws& jitter) {
    lose();
    not_before_ = std::max(not_before_, now + backoff_.delay(1, jitter));
}

}  // namespace squall::model
