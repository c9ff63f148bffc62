#include "checkers/send_history.h"

#include <algorithm>

namespace squall::checkers {

namespace {

using SendHistoryEvents = sim::EventOf<model::SendInvoked, model::SendCompleted,
                                       model::ProduceRetried, model::ProducerConfigured>;

}  // namespace

bool SendHistory::looks_at(const sim::EventKind& kind) {
    return SendHistoryEvents::includes(kind);
}

const Send* SendHistory::observe(const sim::Event& any) {
    const SendHistoryEvents event(any);
    if (const auto* invoked = event.as<model::SendInvoked>()) {
        const auto place = find_open(invoked->operation);
        if (place != open_.end() && place->operation == invoked->operation) {
            place->place = sends_.size();
        } else {
            open_.insert(place, {invoked->operation, sends_.size()});
        }
        Send& send = sends_.emplace_back();
        send.operation = invoked->operation;
        send.record = invoked->record;
        send.transaction = invoked->transaction;
        send.client = clients_.id_of(invoked->client_id);
        send.topic = topics_.id_of(invoked->topic);
        send.node = event.node;
        send.invoked = event.sequence;
    } else if (const auto* completed = event.as<model::SendCompleted>()) {
        const auto at = find_open(completed->operation);
        if (at == open_.end() || at->operation != completed->operation) return nullptr;
        Send& send = sends_[at->place];
        open_.erase(at);
        send.completed = event.sequence;
        send.outcome = completed->outcome;
        send.attempts = completed->attempts;
        send.offset = completed->offset;
        if (!send.is_acknowledged()) return nullptr;
        send.partition = partitions_.id_of(completed->partition);
        return &send;
    } else if (const auto* retried = event.as<model::ProduceRetried>()) {
        retries_[{clients_.id_of(retried->client_id), retried->partition}].push_back(
            event.sequence);
    } else if (const auto* configured = event.as<model::ProducerConfigured>()) {
        producers_[clients_.id_of(configured->client_id)] =
            Producer{.acks = configured->acks,
                     .enable_idempotence = configured->enable_idempotence,
                     .max_in_flight = configured->max_in_flight};
    }
    return nullptr;
}

// The first that is not before `operation`.
SendHistory::Open::iterator SendHistory::find_open(model::OperationId operation) {
    return std::ranges::lower_bound(open_, operation, {}, &OpenSend::operation);
}

SendHistory::Producer SendHistory::producer(const Send& send) const {
    const auto at = producers_.find(send.client);
    return at == producers_.end() ? Producer{} : at->second;
}

bool SendHistory::has_retried(const Send& send, const model::TopicPartition& partition) const {
    if (send.attempts > 1) return true;
    const auto retries = retries_.find({send.client, partition});
    if (retries == retries_.end()) return false;
    const auto first = std::ranges::lower_bound(retries->second, send.invoked);
    return first != retries->second.end() &&
           (send.completed.value() == 0 || *first < send.completed);
}

}  // namespace squall::checkers
