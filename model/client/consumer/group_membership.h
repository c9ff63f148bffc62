// GroupMembership: what the two group protocols have in common for a consumer: who it is to its
// group, where the coordinator is, and whether the application still polls. Membership speaks the
// classic protocol, ConsumerMembership that of KIP-848. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/coordinator_finder.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"
#include "sim/base/result.h"
#include "sim/base/rng.h"
#include "sim/base/time.h"

namespace squall::model {

// Who a member is to its coordinator. Under KIP-848 the generation is the member epoch.
struct GroupIdentity {
    GenerationId generation = no_generation;
    std::string member_id;

    bool operator==(const GroupIdentity&) const = default;
};

class GroupMembership {
  public:
    explicit GroupMembership(const ConsumerOptions& options)
        : group_id_(options.group_id),
          instance_id_(options.group_instance_id),
          max_poll_interval_(options.max_poll_interval),
          backoff_(options.client.backoff()),
          finder_(options.group_id, options.client.backoff()) {}
    virtual ~GroupMembership() = default;

    const GroupIdentity& identity() const { return identity_; }
    bool is_static() const { return !instance_id_.empty(); }
    std::optional<std::string> instance_id() const {
        return is_static() ? std::optional<std::string>(instance_id_) : std::nullopt;
    }
    // An error after which the consumer cannot go on; "" while there is none.
    const std::string& fatal() const { return fatal_; }

    // ---- the coordinator ----

    const std::optional<CoordinatorAddress>& coordinator() const { return finder_.coordinator(); }
    bool may_find(LocalTime now) const { return finder_.may_find(now) && fatal_.empty(); }
    FindCoordinatorRequest begin_find() { return finder_.begin_find(); }
    void on_found(const Result<FindCoordinatorResponse>& answer, LocalTime now, Draws& jitter) {
        const ErrorCode error = finder_.on_found(answer, now, jitter);
        if (error != ErrorCode::none) fatal_ = to_string(error);
        if (coordinator()) on_coordinator(now);
    }
    void lose_coordinator() { finder_.lose(); }

    // ---- the application ----

    void polled(LocalTime now) { polled_at_ = now; }
    // It has not polled for max.poll.interval.ms: time to leave.
    bool is_poll_late(LocalTime now) const {
        return has_joined() && now - polled_at_ > max_poll_interval_;
    }

    // ---- the group ----

    // The coordinator counts on hearing from us.
    virtual bool has_joined() const = 0;
    // It does not know us any more as the owner of what we were given.
    virtual bool has_lost_partitions() const = 0;
    // Why a commit would be refused before it is sent; none: it may be sent.
    virtual ErrorCode may_commit() const = 0;
    // A commit was refused: the coordinator's view of us may have changed.
    virtual void on_commit_error(ErrorCode error, const GroupIdentity& sent_as) = 0;
    // What is subscribed to has changed.
    virtual void request_rejoin() = 0;
    virtual void shut_down() { is_shut_down_ = true; }
    // When time alone changes what may be done.
    virtual LocalTime next_change(LocalTime now) const = 0;

  protected:
    virtual void on_coordinator(LocalTime /*now*/) {}

    std::string group_id_;
    std::string instance_id_;
    std::chrono::milliseconds max_poll_interval_;
    RetryBackoff backoff_;
    CoordinatorFinder finder_;
    GroupIdentity identity_;
    std::string fatal_;
    LocalTime polled_at_;
    bool is_shut_down_ = false;
};

}  // namespace squall::model
