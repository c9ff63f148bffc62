#include "model/patterns/transactional_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

namespace squall::model {
namespace {

constexpr Duration abortable_pause = 500ms;

}  // namespace

TransactionalClient::TransactionalClient(Station station, std::string transactional_id)
    : station_(std::move(station)), transactional_id_(std::move(transactional_id)) {}

Producer* TransactionalClient::ready() {
    if (is_ready_) return producers_.back().get();
    ProducerOptions options = station_.producer;
    options.client.client_id =
        producers_.empty() ? station_.node.name()
                           : fmt::format("{}-{}", station_.node.name(), producers_.size() + 1);
    options.transactional_id = transactional_id_;
    Producer& producer = *producers_.emplace_back(std::make_unique<Producer>(
        station_.node, station_.fabric, station_.bootstrap, options, station_.bugs));
    for (;;) {
        const TransactionResult result = producer.init_transactions();
        if (result.ok()) break;
        if (result.is_fatal) {
            give_up();
            return nullptr;
        }
        station_.node.sleep_for(abortable_pause);
    }
    is_ready_ = true;
    return &producer;
}

TransactionalClient::End TransactionalClient::transact(const Body& body) {
    Producer* const producer = ready();
    if (producer == nullptr) return End::fenced;
    for (;;) {
        const TransactionResult begun = producer->begin_transaction();
        if (begun.ok()) break;
        if (begun.is_fatal) return give_up();
        station_.node.sleep_for(abortable_pause);
    }
    return body(*producer) ? commit(*producer) : abort(*producer);
}

TransactionalClient::End TransactionalClient::commit(Producer& producer) {
    for (;;) {
        const TransactionResult result = producer.commit_transaction();
        if (result.ok()) return End::committed;
        if (result.is_fatal) return give_up();
        if (result.must_abort) return abort(producer);
        station_.node.sleep_for(abortable_pause);
    }
}

TransactionalClient::End TransactionalClient::abort(Producer& producer) {
    for (;;) {
        const TransactionResult result = producer.abort_transaction();
        if (result.ok()) return End::aborted;
        if (result.is_fatal) return give_up();
        station_.node.sleep_for(abortable_pause);
    }
}

TransactionalClient::End TransactionalClient::give_up() {
    producers_.back()->close(Duration{});
    is_ready_ = false;
    return End::fenced;
}

void rewind_to_committed(Consumer& consumer, const std::vector<ConsumerRecord>& batch) {
    std::map<TopicPartition, Offset> first;
    for (const ConsumerRecord& record : batch) first.emplace(record.partition, record.offset);
    const std::vector<TopicPartition> mine = consumer.assignment();
    for (const auto& [partition, offset] : first) {
        if (std::ranges::find(mine, partition) == mine.end()) continue;
        const Result<std::optional<Offset>> committed = consumer.committed(partition);
        if (!committed) {
            consumer.seek(partition, offset);
        } else if (*committed) {
            consumer.seek(partition, **committed);
        } else {
            consumer.seek_to_beginning({partition});
        }
    }
}

}  // namespace squall::model
