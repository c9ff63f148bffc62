#include "checkers/transaction_history.h"

#include <algorithm>

namespace squall::checkers {

namespace {

using TransactionHistoryEvents =
    sim::EventOf<model::SendInvoked, model::SendCompleted, model::TransactionBegan,
                 model::TransactionOffsetsInvoked, model::TransactionOffsetsCompleted,
                 model::TransactionEndInvoked, model::TransactionEndCompleted,
                 model::ProducerIdentified, model::ProducerConfigured>;

}  // namespace

const TransactionEnd* Transaction::told_committed() const {
    for (const TransactionEnd& end : ends) {
        if (end.commit && end.completed.value() != 0 && end.outcome == model::Outcome::ok) {
            return &end;
        }
    }
    return nullptr;
}

bool Transaction::must_not_commit() const {
    bool may_commit = false;
    for (const TransactionEnd& end : ends) {
        const bool is_told = end.completed.value() != 0;
        if (end.commit) {
            may_commit = may_commit || !is_told || end.outcome != model::Outcome::failed;
        } else if (is_told && end.outcome == model::Outcome::ok) {
            return true;
        }
    }
    return !may_commit;
}

bool TransactionHistory::looks_at(const sim::EventKind& kind) {
    return TransactionHistoryEvents::includes(kind);
}

void TransactionHistory::observe(const sim::Event& any) {
    const TransactionHistoryEvents event(any);
    if (const auto* invoked = event.as<model::SendInvoked>()) {
        Transaction* transaction = edit(invoked->transaction);
        if (transaction == nullptr) return;
        sends_[invoked->operation] = {places_.at(invoked->transaction), transaction->sends.size()};
        transaction->sends.push_back({.operation = invoked->operation,
                                      .topic = invoked->topic,
                                      .record = invoked->record,
                                      .invoked = event.sequence,
                                      .partition = {}});
    } else if (const auto* completed = event.as<model::SendCompleted>()) {
        const auto at = sends_.find(completed->operation);
        if (at == sends_.end()) return;
        TransactionSend& send = transactions_[at->second.transaction].sends[at->second.item];
        send.completed = event.sequence;
        send.outcome = completed->outcome;
        send.partition = completed->partition;
        send.offset = completed->offset;
        sends_.erase(at);
    } else if (const auto* began = event.as<model::TransactionBegan>()) {
        places_[began->transaction] = transactions_.size();
        transactions_.push_back({.id = began->transaction,
                                 .client = began->client_id,
                                 .transactional_id = began->transactional_id,
                                 .producer_id = began->producer_id,
                                 .producer_epoch = began->producer_epoch,
                                 .version = began->transaction_version,
                                 .began = event.sequence,
                                 .sends = {},
                                 .offsets = {},
                                 .ends = {}});
        versions_[began->producer_id] = began->transaction_version;
        epoch_versions_[{began->producer_id, began->producer_epoch}] = began->transaction_version;
        transactional_ids_[began->producer_id] = began->transactional_id;
    } else if (const auto* offsets = event.as<model::TransactionOffsetsInvoked>()) {
        Transaction* transaction = edit(offsets->transaction);
        if (transaction == nullptr) return;
        offsets_[offsets->operation] = {places_.at(offsets->transaction),
                                        transaction->offsets.size()};
        transaction->offsets.push_back(
            {.group = offsets->group, .offsets = offsets->offsets, .invoked = event.sequence});
    } else if (const auto* stored = event.as<model::TransactionOffsetsCompleted>()) {
        const auto at = offsets_.find(stored->operation);
        if (at == offsets_.end()) return;
        TransactionOffsets& item = transactions_[at->second.transaction].offsets[at->second.item];
        item.completed = event.sequence;
        item.outcome = stored->outcome;
        offsets_.erase(at);
    } else if (const auto* ending = event.as<model::TransactionEndInvoked>()) {
        Transaction* transaction = edit(ending->transaction);
        if (transaction == nullptr) return;
        ends_[ending->operation] = {places_.at(ending->transaction), transaction->ends.size()};
        transaction->ends.push_back(
            {.operation = ending->operation, .commit = ending->commit, .invoked = event.sequence});
    } else if (const auto* ended = event.as<model::TransactionEndCompleted>()) {
        const auto at = ends_.find(ended->operation);
        if (at == ends_.end()) return;
        TransactionEnd& end = transactions_[at->second.transaction].ends[at->second.item];
        end.completed = event.sequence;
        end.outcome = ended->outcome;
        ends_.erase(at);
    } else if (const auto* identified = event.as<model::ProducerIdentified>()) {
        if (identified->transactional_id.empty()) return;
        transactional_ids_[identified->producer_id] = identified->transactional_id;
        // A producer that raises its own epoch goes on; only a new one shuts others out.
        identities_[identified->transactional_id].push_back(
            {.producer_id = identified->producer_id,
             .producer_epoch = identified->producer_epoch,
             .is_fence = identified->reason == "init_producer_id",
             .event = event.sequence});
    } else if (const auto* configured = event.as<model::ProducerConfigured>()) {
        if (configured->transactional_id.empty()) return;
        Duration& timeout = timeouts_[configured->transactional_id];
        timeout = std::max(timeout, configured->transaction_timeout);
    }
}

Transaction* TransactionHistory::edit(model::OperationId transaction) {
    const auto at = places_.find(transaction);
    return at == places_.end() ? nullptr : &transactions_[at->second];
}

const Transaction* TransactionHistory::find(model::OperationId transaction) const {
    const auto at = places_.find(transaction);
    return at == places_.end() ? nullptr : &transactions_[at->second];
}

const std::string& TransactionHistory::transactional_id(model::ProducerId producer) const {
    static const std::string none;
    const auto at = transactional_ids_.find(producer);
    return at == transactional_ids_.end() ? none : at->second;
}

std::optional<Identity> TransactionHistory::fence_of(model::ProducerId producer,
                                                     model::ProducerEpoch epoch) const {
    const auto identities = identities_.find(transactional_id(producer));
    if (identities == identities_.end()) return std::nullopt;
    // The producer ids of one transactional id follow each other: another one shuts out if it came
    // after ours.
    bool is_ours_past = false;
    for (const Identity& identity : identities->second) {
        const bool is_ours = identity.producer_id == producer;
        is_ours_past = is_ours_past || is_ours;
        const bool is_newer = is_ours ? identity.producer_epoch > epoch : is_ours_past;
        if (is_newer && identity.is_fence) return identity;
    }
    return std::nullopt;
}

std::int16_t TransactionHistory::version(model::ProducerId producer) const {
    const auto at = versions_.find(producer);
    return at == versions_.end() ? std::int16_t{2} : at->second;
}

std::int16_t TransactionHistory::version(model::ProducerId producer,
                                         model::ProducerEpoch epoch) const {
    const auto at = epoch_versions_.find({producer, epoch});
    return at == epoch_versions_.end() ? std::int16_t{0} : at->second;
}

Duration TransactionHistory::timeout(model::ProducerId producer) const {
    const auto at = timeouts_.find(transactional_id(producer));
    return at == timeouts_.end() ? Duration{60s} : at->second;
}

}  // namespace squall::checkers
