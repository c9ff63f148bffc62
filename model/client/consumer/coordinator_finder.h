// CoordinatorFinder: which broker coordinates a group, and when to ask. One FindCoordinator at a
// time; after a failure the next one waits for the back-off. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/client/retry_backoff.h"
#include "model/protocol/error_code.h"
#include "model/protocol/messages/find_coordinator.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

struct CoordinatorAddress {
    BrokerId id = no_broker;
    std::string host;
    std::uint16_t port = 9092;

    bool operator==(const CoordinatorAddress&) const = default;
};

class CoordinatorFinder {
  public:
    CoordinatorFinder(std::string group_id, RetryBackoff backoff)
        : group_id_(std::move(group_id)), backoff_(backoff) {}

    const std::optional<CoordinatorAddress>& coordinator() const { return coordinator_; }
    bool may_find(LocalTime now) const {
        return !coordinator_ && !in_flight_ && now >= not_before_;
    }
    // Requires: may_find.
    FindCoordinatorRequest begin_find();
    // An error after which nobody need ask again; none otherwise.
    ErrorCode on_found(const Result<FindCoordinatorResponse>& answer, LocalTime now, Draws& jitter);
    void lose() { coordinator_.reset(); }
    // Lost, with a connection that broke: not asked for again at once.
    void break_connection(LocalTime now, Draws& jitter);
    // When time alone changes may_find; nullopt: it does not.
    std::optional<LocalTime> next_find() const {
        return !coordinator_ && !in_flight_ ? std::optional(not_before_) : std::nullopt;
    }

  private:
    std::string group_id_;
    RetryBackoff backoff_;
    std::optional<CoordinatorAddress> coordinator_;
    bool in_flight_ = false;
    LocalTime not_before_;
    std::uint32_t failures_ = 0;
};

}  // namespace squall::model
