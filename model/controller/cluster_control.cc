#include "model/controller/cluster_control.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

std::string_view to_string(BrokerState state) {
    switch (state) {
        case BrokerState::fenced:
            return "fenced";
        case BrokerState::unfenced:
            return "unfenced";
        case BrokerState::controlled_shutdown:
            return "controlled_shutdown";
        case BrokerState::shutdown_now:
            return "shutdown_now";
    }
    return "?";
}

// ---- sessions ----

void BrokerSessions::begin(const MetadataImage& image, LocalTime now) {
    sessions_.clear();
    for (const auto& [id, broker] : image.brokers) {
        if (!broker.fenced) touch(id, broker.epoch, now);
    }
}

void BrokerSessions::touch(BrokerId broker, BrokerEpoch epoch, LocalTime now) {
    Session& session = sessions_[broker];
    if (session.epoch != epoch) session = Session{epoch, now, no_offset, std::nullopt};
    session.last_contact = std::max(session.last_contact, now);
}

void BrokerSessions::replayed(BrokerId broker, Offset up_to) {
    Session& session = sessions_[broker];
    session.replayed = std::max(session.replayed, up_to);
}

void BrokerSessions::begin_shutdown(BrokerId broker, Offset at) {
    Session& session = sessions_[broker];
    if (!session.shutdown_offset) session.shutdown_offset = at;
}

bool BrokerSessions::is_valid(BrokerId broker, BrokerEpoch epoch, LocalTime now) const {
    const auto session = sessions_.find(broker);
    return session != sessions_.end() && session->second.epoch == epoch &&
           now < session->second.last_contact + timeout_;
}

std::vector<BrokerId> BrokerSessions::expired(const MetadataImage& image, LocalTime now) const {
    std::vector<std::pair<LocalTime, BrokerId>> silent;
    for (const auto& [id, broker] : image.brokers) {
        if (broker.fenced || is_valid(id, broker.epoch, now)) continue;
        const auto session = sessions_.find(id);
        const bool heard = session != sessions_.end() && session->second.epoch == broker.epoch;
        silent.emplace_back(heard ? session->second.last_contact : LocalTime{}, id);
    }
    std::ranges::sort(silent);
    std::vector<BrokerId> ids;
    for (const auto& [since, id] : silent) ids.push_back(id);
    return ids;
}

LocalTime BrokerSessions::next_expiry(const MetadataImage& image) const {
    LocalTime next = LocalTime::max();
    for (const auto& [id, broker] : image.brokers) {
        if (broker.fenced) continue;
        const auto session = sessions_.find(id);
        if (session == sessions_.end() || session->second.epoch != broker.epoch) return LocalTime{};
        next = std::min(next, session->second.last_contact + timeout_);
    }
    return next;
}

Offset BrokerSessions::lowest_active_offset(const MetadataImage& image) const {
    Offset lowest{INT64_MAX};
    for (const auto& [id, broker] : image.brokers) {
        if (!is_active(image, id)) continue;
        const auto session = sessions_.find(id);
        const bool heard = session != sessions_.end() && session->second.epoch == broker.epoch;
        lowest = std::min(lowest, heard ? session->second.replayed : no_offset);
    }
    return lowest;
}

std::optional<Offset> BrokerSessions::shutdown_offset(BrokerId broker) const {
    const auto session = sessions_.find(broker);
    return session == sessions_.end() ? std::nullopt : session->second.shutdown_offset;
}

// ---- rules ----

bool ClusterControl::may_unfence(const BrokerImage& broker, Offset replayed) const {
    // The broker epoch is the offset of its registration.
    return replayed.value() >= broker.epoch.value();
}

bool ClusterControl::is_clean_restart(const BrokerImage& before,
                                      const BrokerRegistrationRequest& request) const {
    return request.previous_broker_epoch == before.epoch;
}

bool ClusterControl::may_leave(const MetadataImage& image, const BrokerSessions& sessions,
                               BrokerId broker) const {
    if (replicas_.leads_anything(image, broker)) return false;
    const std::optional<Offset> since = sessions.shutdown_offset(broker);
    return !since || sessions.lowest_active_offset(image) >= *since;
}

// ---- registration ----

Decision<BrokerRegistrationResponse> ClusterControl::register_broker(
    const MetadataImage& image, const BrokerSessions& sessions,
    const BrokerRegistrationRequest& request, Offset next_offset, LocalTime now) const {
    Decision<BrokerRegistrationResponse> decision{
        .records = {}, .response = {}, .reason = "broker registered"};
    const auto refuse = [&](ErrorCode error) {
        decision.response.error_code = error;
        return decision;
    };
    if (request.cluster_id != cluster_id_) {
        return refuse(ErrorCode::inconsistent_cluster_id);
    }
    if (request.broker_id < BrokerId{0} || request.listeners.empty()) {
        return refuse(ErrorCode::invalid_registration);
    }
    const BrokerImage* before = image.find_broker(request.broker_id);
    if (before != nullptr && before->incarnation_id == request.incarnation_id) {
        decision.response.broker_epoch = before->epoch;
        return decision;
    }
    if (before != nullptr && !before->in_controlled_shutdown &&
        sessions.is_valid(request.broker_id, before->epoch, now)) {
        return refuse(ErrorCode::duplicate_broker_registration);
    }
    if (const Refusal refusal = features_.check_registration(image, request.features);
        refusal.refused()) {
        return refuse(refusal.error);
    }
    std::vector<BrokerFeature> features;
    for (const BrokerRegistrationRequest::Feature& feature : request.features) {
        features.push_back(
            {feature.name, feature.min_supported_version, feature.max_supported_version});
    }
    const BrokerEpoch epoch{next_offset.value()};
    decision.response.broker_epoch = epoch;
    decision.records.push_back(RegisterBrokerRecord{.broker_id = request.broker_id,
                                                    .incarnation_id = request.incarnation_id,
                                                    .broker_epoch = epoch,
                                                    .host = request.listeners.front().host,
                                                    .port = request.listeners.front().port,
                                                    .features = std::move(features),
                                                    .rack = request.rack});
    if (before != nullptr) {
        // What the old incarnation led and had in sync is not the new one's.
        auto changes = is_clean_restart(*before, request)
                           ? replicas_.broker_leaves(image, request.broker_id)
                           : replicas_.broker_lost_data(image, request.broker_id);
        std::ranges::move(changes, std::back_inserter(decision.records));
    }
    return decision;
}

// ---- heartbeats ----

BrokerState ClusterControl::state_of(const MetadataImage& image, BrokerId broker) const {
    const BrokerImage* registered = image.find_broker(broker);
    ASSERT(registered != nullptr, "state of unregistered broker {}", broker);
    if (registered->fenced) return BrokerState::fenced;
    return registered->in_controlled_shutdown ? BrokerState::controlled_shutdown
                                              : BrokerState::unfenced;
}

BrokerState ClusterControl::next_state(const MetadataImage& image, const BrokerSessions& sessions,
                                       const BrokerHeartbeatRequest& request) const {
    const BrokerImage& broker = *image.find_broker(request.broker_id);
    switch (state_of(image, request.broker_id)) {
        case BrokerState::fenced:
            // A process that began to leave does not come back; its successor registers anew.
            if (request.want_shut_down || broker.in_controlled_shutdown) {
                return BrokerState::shutdown_now;
            }
            if (request.want_fence) return BrokerState::fenced;
            return may_unfence(broker, request.current_metadata_offset) ? BrokerState::unfenced
                                                                        : BrokerState::fenced;
        case BrokerState::unfenced:
            if (request.want_fence) {
                return request.want_shut_down ? BrokerState::shutdown_now : BrokerState::fenced;
            }
            if (!request.want_shut_down) return BrokerState::unfenced;
            return replicas_.leads_anything(image, request.broker_id)
                       ? BrokerState::controlled_shutdown
                       : BrokerState::shutdown_now;
        case BrokerState::controlled_shutdown:
            return may_leave(image, sessions, request.broker_id) ? BrokerState::shutdown_now
                                                                 : BrokerState::controlled_shutdown;
        case BrokerState::shutdown_now:
            break;
    }
    return BrokerState::shutdown_now;
}

Decision<BrokerHeartbeatResponse> ClusterControl::heartbeat(
    const MetadataImage& image, const BrokerSessions& sessions,
    const BrokerHeartbeatRequest& request) const {
    Decision<BrokerHeartbeatResponse> decision;
    if (is_stale_broker_epoch(image, request.broker_id, request.broker_epoch)) {
        decision.response.error_code = ErrorCode::stale_broker_epoch;
        return decision;
    }
    const BrokerImage& broker = *image.find_broker(request.broker_id);
    const BrokerState current = state_of(image, request.broker_id);
    const BrokerState next = next_state(image, sessions, request);
    decision.response.is_caught_up = may_unfence(broker, request.current_metadata_offset);
    decision.response.is_fenced = next == BrokerState::fenced || next == BrokerState::shutdown_now;
    decision.response.should_shut_down = next == BrokerState::shutdown_now;
    if (next == current) return decision;
    BrokerRegistrationChangeRecord change{.broker_id = broker.id, .broker_epoch = broker.epoch};
    std::vector<MetadataRecord> consequences;
    switch (next) {
        case BrokerState::fenced:
            decision.reason = "broker fenced";
            decision.records = fence(image, broker.id);
            return decision;
        case BrokerState::unfenced:
            decision.reason = "broker unfenced";
            change.fenced = FlagChange::clear;
            consequences = replicas_.broker_arrives(image, broker.id);
            break;
        case BrokerState::controlled_shutdown:
            decision.reason = "controlled shutdown";
            change.in_controlled_shutdown = FlagChange::set;
            consequences = replicas_.broker_leaves(image, broker.id);
            break;
        case BrokerState::shutdown_now:
            decision.reason = "broker shut down";
            if (current != BrokerState::fenced) decision.records = fence(image, broker.id);
            return decision;
    }
    decision.records.push_back(change);
    std::ranges::move(consequences, std::back_inserter(decision.records));
    return decision;
}

void ClusterControl::observe(BrokerSessions& sessions, const BrokerHeartbeatRequest& request,
                             const MetadataImage& after, Offset next_offset, LocalTime now) {
    sessions.touch(request.broker_id, request.broker_epoch, now);
    sessions.replayed(request.broker_id, request.current_metadata_offset);
    const BrokerImage* broker = after.find_broker(request.broker_id);
    if (broker != nullptr && broker->in_controlled_shutdown && !broker->fenced) {
        sessions.begin_shutdown(request.broker_id, next_offset - 1);
    }
}

Refusal ClusterControl::unregister(const MetadataImage& image, BrokerId broker,
                                   std::vector<MetadataRecord>& records) const {
    const BrokerImage* registered = image.find_broker(broker);
    if (registered == nullptr) {
        return {ErrorCode::broker_id_not_registered,
                fmt::format("Broker ID {} is not currently registered", broker)};
    }
    std::ranges::move(replicas_.broker_leaves(image, broker), std::back_inserter(records));
    records.push_back(
        UnregisterBrokerRecord{.broker_id = broker, .broker_epoch = registered->epoch});
    return granted;
}

std::vector<MetadataRecord> ClusterControl::fence(const MetadataImage& image,
                                                  BrokerId broker) const {
    const BrokerImage* registered = image.find_broker(broker);
    ASSERT(registered != nullptr && !registered->fenced, "fences broker {}, which is not unfenced",
           broker);
    std::vector<MetadataRecord> records{BrokerRegistrationChangeRecord{
        .broker_id = broker, .broker_epoch = registered->epoch, .fenced = FlagChange::set}};
    auto changes = replicas_.broker_leaves(image, broker);
    std::ranges::move(changes, std::back_inserter(records));
    return records;
}

}  // namespace squall::model
