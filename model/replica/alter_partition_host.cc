#include "model/replica/alter_partition_host.h"

#include <utility>

namespace squall::model {
namespace {

constexpr Duration pause_before_retry = 50ms;  // as Kafka's AlterPartitionManager

const AlterPartitionResponse::Partition* find_answer(const AlterPartitionResponse& response,
                                                     const Uuid& topic_id, std::int32_t partition) {
    for (const AlterPartitionResponse::Topic& topic : response.topics) {
        if (topic.topic_id != topic_id) continue;
        for (const AlterPartitionResponse::Partition& answer : topic.partitions) {
            if (answer.partition_index == partition) return &answer;
        }
    }
    return nullptr;
}

}  // namespace

AlterPartitionHost::AlterPartitionHost(Surroundings surroundings)
    : surroundings_(std::move(surroundings)), work_(surroundings_.node) {
    surroundings_.node.spawn("alter_partition", [this] { run(); });
}

void AlterPartitionHost::propose(const TopicPartition& partition, const Uuid& topic_id,
                                 const IsrChange& change) {
    waiting_.insert_or_assign(partition, Proposal{topic_id, change});
    work_.open();
}

void AlterPartitionHost::run() {
    for (;;) {
        work_.wait();
        if (waiting_.empty()) {
            work_.close();
            continue;
        }
        const Proposals proposals = waiting_;
        if (!exchange(proposals)) surroundings_.node.sleep_for(pause_before_retry);
    }
}

bool AlterPartitionHost::exchange(const Proposals& proposals) {
    const std::optional<Endpoint> controller = surroundings_.controller();
    if (!controller) return false;
    const Result<AlterPartitionResponse> response =
        surroundings_.channels.to(*controller, "alter_partition").call(request_for(proposals));
    // Executed or not, the same proposal again is harmless: it names the partition epoch that it
    // builds on.
    if (!response || response->error_code != ErrorCode::none) return false;
    bool complete = true;
    for (const auto& [partition, proposal] : proposals) {
        const auto* const answer = find_answer(*response, proposal.topic_id, partition.partition);
        if (answer == nullptr) {
            complete = false;
        } else {
            give(partition, proposal, *answer);
        }
    }
    return complete;
}

AlterPartitionRequest AlterPartitionHost::request_for(const Proposals& proposals) const {
    AlterPartitionRequest request;
    request.broker_id = surroundings_.broker;
    request.broker_epoch = surroundings_.broker_epoch();
    for (const auto& [partition, proposal] : proposals) {
        if (request.topics.empty() || request.topics.back().topic_id != proposal.topic_id) {
            request.topics.push_back(
                {.topic_name = partition.topic, .topic_id = proposal.topic_id, .partitions = {}});
        }
        AlterPartitionRequest::Partition asked;
        asked.partition_index = partition.partition;
        asked.leader_epoch = proposal.change.leader_epoch;
        asked.partition_epoch = proposal.change.partition_epoch;
        for (const IsrMember& member : proposal.change.to) {
            asked.new_isr_with_epochs.push_back(
                {.broker_id = member.broker, .broker_epoch = member.broker_epoch});
        }
        request.topics.back().partitions.push_back(std::move(asked));
    }
    return request;
}

void AlterPartitionHost::give(const TopicPartition& partition, const Proposal& proposal,
                              const AlterPartitionResponse::Partition& answer) {
    // The leader may have proposed something else meanwhile; that one stays.
    const auto waiting = waiting_.find(partition);
    if (waiting == waiting_.end() || waiting->second != proposal) return;
    waiting_.erase(waiting);
    surroundings_.answer(partition, {.proposal = proposal.change,
                                     .error = answer.error_code,
                                     .leader_epoch = answer.leader_epoch,
                                     .isr = answer.isr,
                                     .partition_epoch = answer.partition_epoch});
}

}  // namespace squall::model
