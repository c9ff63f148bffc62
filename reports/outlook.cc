#include "reports/outlook.h"

#include <algorithm>

namespace squall::reports {

using model::Outcome;

Outcome Outlook::Transaction::outcome() const {
    if (is_committed) return Outcome::ok;
    return is_aborted || !may_be_committed ? Outcome::failed : Outcome::unknown;
}

void Outlook::observe(const sim::Event& event) {
    if (const auto* invoked = event.as<model::SendInvoked>()) {
        on_invoked(*invoked);
    } else if (const auto* completed = event.as<model::SendCompleted>()) {
        on_completed(*completed);
    } else if (const auto* polled = event.as<model::RecordsPolled>()) {
        on_polled(*polled);
    } else if (const auto* began = event.as<model::TransactionBegan>()) {
        transactions_.try_emplace(began->transaction);
    } else if (const auto* ending = event.as<model::TransactionEndInvoked>()) {
        Transaction& transaction = transactions_[ending->transaction];
        transaction.may_be_committed = transaction.may_be_committed || ending->commit;
    } else if (const auto* ended = event.as<model::TransactionEndCompleted>()) {
        on_ended(*ended);
    }
}

void Outlook::on_invoked(const model::SendInvoked& invoked) {
    auto& alike = alike_[invoked.record];
    sends_[invoked.operation] = {
        .value = {invoked.record, alike.size()}, .transaction = invoked.transaction, .end = {}};
    alike.push_back(invoked.operation);
    const auto at = transactions_.find(invoked.transaction);
    if (at != transactions_.end()) at->second.sends.push_back(invoked.operation);
}

void Outlook::on_completed(const model::SendCompleted& completed) {
    const auto at = sends_.find(completed.operation);
    if (at == sends_.end()) return;
    at->second.end = completed;
    if (completed.offset != model::no_offset) {
        landed_[{completed.partition, completed.offset}].push_back(completed.operation);
    }
}

void Outlook::on_polled(const model::RecordsPolled& polled) {
    for (const model::PolledRecord& record : polled.records) {
        const auto alike = alike_.find(record.record);
        if (alike == alike_.end() || landed_.contains({polled.partition, record.offset})) continue;
        const auto pending = std::ranges::find_if(alike->second, [&](model::OperationId operation) {
            const Send& send = sends_.at(operation);
            return !send.end && (!send.read_from || send.read_from == polled.partition);
        });
        if (pending != alike->second.end()) sends_.at(*pending).read_from = polled.partition;
    }
}

// A commit that failed has not happened and never will.
void Outlook::on_ended(const model::TransactionEndCompleted& ended) {
    Transaction& transaction = transactions_[ended.transaction];
    transaction.last_end = ended.operation;
    if (ended.outcome == Outcome::ok) {
        (ended.commit ? transaction.is_committed : transaction.is_aborted) = true;
    } else if (ended.commit && ended.outcome == Outcome::failed) {
        transaction.is_aborted = true;
    }
}

const Outlook::Send* Outlook::send(model::OperationId operation) const {
    const auto at = sends_.find(operation);
    return at == sends_.end() ? nullptr : &at->second;
}

const Outlook::Transaction* Outlook::transaction(model::OperationId id) const {
    const auto at = transactions_.find(id);
    return at == transactions_.end() ? nullptr : &at->second;
}

const Outlook::Send* Outlook::sender(const model::TopicPartition& partition,
                                     const model::PolledRecord& record) const {
    const auto alike = alike_.find(record.record);
    if (alike == alike_.end()) return nullptr;
    if (const auto at = landed_.find({partition, record.offset}); at != landed_.end()) {
        for (const model::OperationId operation : at->second) {
            const Send& send = sends_.at(operation);
            if (send.value.first == record.record) return &send;
        }
    }
    // Nobody was told of this place: a send that was told of none.
    for (const model::OperationId operation : alike->second) {
        const Send& send = sends_.at(operation);
        if (!send.end || send.end->offset == model::no_offset) return &send;
    }
    return &sends_.at(alike->second.front());
}

}  // namespace squall::reports
