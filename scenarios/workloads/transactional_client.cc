#include "scenarios/workloads/transactional_client.h"

#include <fmt/core.h>

#include <utility>

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {
namespace {

constexpr Duration abortable_pause = 500ms;

}  // namespace

TransactionalClient::TransactionalClient(sim::Node& node, Cluster& cluster,
                                         std::string transactional_id)
    : node_(node), cluster_(cluster), transactional_id_(std::move(transactional_id)) {}

model::Producer* TransactionalClient::ready() {
    if (is_ready_) return producers_.back().get();
    model::ProducerOptions options = cluster_.scenario().workload.producer;
    options.client.client_id = producers_.empty()
                                   ? node_.name()
                                   : fmt::format("{}-{}", node_.name(), producers_.size() + 1);
    options.transactional_id = transactional_id_;
    model::Producer& producer = *producers_.emplace_back(std::make_unique<model::Producer>(
        node_, cluster_.fabric(), bootstrap_of(cluster_.scenario()), options,
        cluster_.bugs_of(node_)));
    for (;;) {
        const model::TransactionResult result = producer.init_transactions();
        if (result.ok()) break;
        if (result.is_fatal) {
            give_up();
            return nullptr;
        }
        node_.sleep_for(abortable_pause);
    }
    is_ready_ = true;
    return &producer;
}

TransactionalClient::End TransactionalClient::transact(const Body& body) {
    model::Producer* const producer = ready();
    if (producer == nullptr) return End::fenced;
    for (;;) {
        const model::TransactionResult begun = producer->begin_transaction();
        if (begun.ok()) break;
        if (begun.is_fatal) return give_up();
        node_.sleep_for(abortable_pause);
    }
    return body(*producer) ? commit(*producer) : abort(*producer);
}

TransactionalClient::End TransactionalClient::commit(model::Producer& producer) {
    for (;;) {
        const model::TransactionResult result = producer.commit_transaction();
        if (result.ok()) return End::committed;
        if (result.is_fatal) return give_up();
        if (result.must_abort) return abort(producer);
        node_.sleep_for(abortable_pause);
    }
}

TransactionalClient::End TransactionalClient::abort(model::Producer& producer) {
    for (;;) {
        const model::TransactionResult result = producer.abort_transaction();
        if (result.ok()) return End::aborted;
        if (result.is_fatal) return give_up();
        node_.sleep_for(abortable_pause);
    }
}

TransactionalClient::End TransactionalClient::give_up() {
    producers_.back()->close(Duration{});
    is_ready_ = false;
    return End::fenced;
}

}  // namespace squall::scenarios
