// GroupHost: keeps a consumer in its group: finds the coordinator and sends whatever the protocol
// says is due (joins, syncs, heartbeats), with a task of its own, so that membership lives on while
// the application works. What is due is the decision of Membership (classic protocol) or
// ConsumerMembership (KIP-848); what the application has to do about it is the consumer's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/client/cluster_host.h"
#include "model/client/consumer/consumer_membership.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/group_plan.h"
#include "model/client/consumer/membership.h"
#include "model/client/consumer/subscription_state.h"
#include "model/rpc/channel.h"
#include "sim/kernel/node.h"
#include "sim/kernel/wait.h"

namespace squall::model {

class GroupHost {
  public:
    // `on_news` is called when an answer came or time has changed what may be done; it must not
    // park, and is expected to call drive(). All references outlive this, as does `bugs`, which may
    // be null. Does not park.
    GroupHost(sim::Node& node, const ConsumerOptions& options, ClusterHost& cluster,
              const SubscriptionState& subscription, const BugSet* bugs,
              std::function<void()> on_news);
    GroupHost(const GroupHost&) = delete;
    GroupHost& operator=(const GroupHost&) = delete;

    // Heartbeats from now on, in a task of their own. Requires: group.id.
    void start();
    void stop();

    bool is_modern() const { return options_.uses_consumer_protocol(); }
    GroupMembership& membership() {
        return is_modern() ? static_cast<GroupMembership&>(modern_) : classic_;
    }
    const GroupMembership& membership() const {
        return is_modern() ? static_cast<const GroupMembership&>(modern_) : classic_;
    }
    Membership& classic() { return classic_; }
    ConsumerMembership& modern() { return modern_; }
    GroupPlan& plan() { return plan_; }

    // Sends what is due. None of these parks. `may_join`: inside poll; the classic protocol joins
    // nowhere else.
    void drive(bool may_join);
    void find_coordinator();
    // To the coordinator; null while it is not known. A connection of its own: a JoinGroup may wait
    // for minutes, and fetches must not wait with it.
    Channel* coordinator();
    // Metadata has changed.
    void on_metadata();
    // The application polled, or something else changed what is due.
    void wake() { alarm_.open(); }

    // Leaves the group, if there is something to leave; forgets the identity. With `patience` parks
    // until that is answered, or so long.
    void leave(std::string_view reason,
               std::optional<std::chrono::milliseconds> patience = std::nullopt);

  private:
    bool is_member() const { return subscription_.type() == SubscriptionState::Type::topics; }
    void drive_join();
    void drive_sync();
    void drive_classic_heartbeat();
    void drive_modern();
    void run_heartbeat();
    template <class Request>
    void send_leave(Request request, std::optional<std::chrono::milliseconds> patience);

    sim::Node& node_;
    const ConsumerOptions& options_;
    ClusterHost& cluster_;
    const SubscriptionState& subscription_;
    std::function<void()> on_news_;
    Membership classic_;
    ConsumerMembership modern_;
    GroupPlan plan_;
    sim::Gate alarm_;  // the heartbeat task must look at the time again
    bool is_stopped_ = false;
};

}  // namespace squall::model
