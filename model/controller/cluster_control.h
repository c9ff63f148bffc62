// ClusterControl: the part of the controller that decides about brokers (Kafka's
// ClusterControlManager and BrokerHeartbeatManager, KIP-631).
//
//   (none)      -> FENCED               registration: a new broker epoch
//   FENCED      -> UNFENCED             it wants to, and has replayed its own registration
//   UNFENCED    -> FENCED               session timeout, or it wants to
//   UNFENCED    -> CONTROLLED SHUTDOWN  it wants to shut down and still leads partitions
//   UNFENCED    -> SHUTDOWN NOW         it wants to shut down and leads none
//   CONTROLLED SHUTDOWN -> SHUTDOWN NOW it leads none, and every active broker has replayed the
//                                       records that took its leaderships away
//   FENCED      -> SHUTDOWN NOW         it wants to shut down
// SHUTDOWN NOW is FENCED in the image: the process may leave.
//
// Registrations and fences are records; contact times are not: BrokerSessions is soft state of the
// active controller, begun anew by the next one, and only ever delays or hastens a fence.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "model/controller/controller_options.h"
#include "model/controller/decision.h"
#include "model/controller/feature_control.h"
#include "model/controller/image.h"
#include "model/controller/replica_control.h"
#include "model/protocol/messages/broker_heartbeat.h"
#include "model/protocol/messages/broker_registration.h"
#include "sim/base/time.h"

namespace squall::model {

enum class BrokerState : std::uint8_t { fenced, unfenced, controlled_shutdown, shutdown_now };
std::string_view to_string(BrokerState state);

// When the controller last heard of each broker process, and how far it has replayed.
class BrokerSessions {
  public:
    explicit BrokerSessions(Duration timeout) : timeout_(timeout) {}

    // A new active controller gives every unfenced broker a whole session.
    void begin(const MetadataImage& image, LocalTime now);
    void touch(BrokerId broker, BrokerEpoch epoch, LocalTime now);
    void replayed(BrokerId broker, Offset up_to);
    // Its leaderships are gone with the records below `at`.
    void begin_shutdown(BrokerId broker, Offset at);

    // That process was heard within the session timeout.
    bool is_valid(BrokerId broker, BrokerEpoch epoch, LocalTime now) const;
    // Unfenced brokers of which nothing was heard for too long, longest silence first.
    std::vector<BrokerId> expired(const MetadataImage& image, LocalTime now) const;
    // When the next of them expires; LocalTime::max() if none can.
    LocalTime next_expiry(const MetadataImage& image) const;
    // Every active broker has replayed what lies below.
    Offset lowest_active_offset(const MetadataImage& image) const;
    std::optional<Offset> shutdown_offset(BrokerId broker) const;

    bool operator==(const BrokerSessions&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("timeout", self.timeout_);
        fields("sessions", self.sessions_);
    }

  private:
    struct Session {
        BrokerEpoch epoch{-1};
        LocalTime last_contact;
        Offset replayed = no_offset;
        std::optional<Offset> shutdown_offset;

        bool operator==(const Session&) const = default;
        template <class Self, class Fields>
        static void describe(Self& self, Fields& fields) {
            fields("epoch", self.epoch);
            fields("last_contact", self.last_contact);
            fields("replayed", self.replayed);
            fields("shutdown_offset", self.shutdown_offset);
        }
    };

    Duration timeout_;
    std::map<BrokerId, Session> sessions_;
};

class ClusterControl {
  public:
    // `bugs` outlives the control.
    explicit ClusterControl(ControllerOptions options, const BugSet* bugs = nullptr)
        : cluster_id_(options.cluster_id), features_(options), replicas_(options, bugs) {}

    // `next_offset`: of the record that is written next. Retrying with the same incarnation gets
    // the epoch it has. Errors: inconsistent_cluster_id; duplicate_broker_registration while
    // another process of that id is in session; unsupported_version where it lacks a finalized
    // level of a feature.
    Decision<BrokerRegistrationResponse> register_broker(const MetadataImage& image,
                                                         const BrokerSessions& sessions,
                                                         const BrokerRegistrationRequest& request,
                                                         Offset next_offset, LocalTime now) const;

    // Error: stale_broker_epoch for a process that is not the registered one.
    Decision<BrokerHeartbeatResponse> heartbeat(const MetadataImage& image,
                                                const BrokerSessions& sessions,
                                                const BrokerHeartbeatRequest& request) const;

    // After the decision on a heartbeat that was not stale: what it says about the session.
    // `next_offset` as of after the decision's records.
    static void observe(BrokerSessions& sessions, const BrokerHeartbeatRequest& request,
                        const MetadataImage& after, Offset next_offset, LocalTime now);

    // The broker is out: fenced, out of every in-sync set.
    std::vector<MetadataRecord> fence(const MetadataImage& image, BrokerId broker) const;

    // Forgets a broker that will not come back; what it holds stays assigned to it until it is
    // reassigned. A live one finds its epoch stale, and registers anew. Error:
    // broker_id_not_registered.
    Refusal unregister(const MetadataImage& image, BrokerId broker,
                       std::vector<MetadataRecord>& records) const;

    BrokerState state_of(const MetadataImage& image, BrokerId broker) const;

    // ---- rules ----
    // Before it has replayed its own registration a broker may hold leaderships of an older
    // incarnation for true.
    bool may_unfence(const BrokerImage& broker, Offset replayed) const;
    // Only the process that shut down in good order knows the epoch it had then.
    bool is_clean_restart(const BrokerImage& before,
                          const BrokerRegistrationRequest& request) const;
    bool may_leave(const MetadataImage& image, const BrokerSessions& sessions,
                   BrokerId broker) const;

  private:
    BrokerState next_state(const MetadataImage& image, const BrokerSessions& sessions,
                           const BrokerHeartbeatRequest& request) const;

    std::string cluster_id_;
    FeatureControl features_;
    ReplicaControl replicas_;
};

}  // namespace squall::model
