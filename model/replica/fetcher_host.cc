#include "model/replica/fetcher_host.h"

#include <algorithm>
#include <utility>

#include "model/protocol/messages/list_offsets.h"

namespace squall::model {
namespace {

constexpr std::int32_t replica_fetch_response_max_bytes = 10 << 20;
constexpr std::string_view purpose = "fetcher";

std::int32_t in_ms(std::chrono::milliseconds duration) {
    return static_cast<std::int32_t>(duration.count());
}

// The part of an answer for one partition; null: there is none. A leader answers in the order in
// which it was asked, so the search goes on where the last one ended: at `place`.
FetchResponse::Partition* find_part(FetchResponse& response, const Uuid& topic_id,
                                    std::int32_t partition, std::size_t& place) {
    for (FetchResponse::Topic& topic : response.responses) {
        if (topic.topic_id != topic_id) continue;
        const std::size_t count = topic.partitions.size();
        if (place >= count) place = 0;
        for (std::size_t tried = 0; tried < count; ++tried) {
            FetchResponse::Partition& part = topic.partitions[place];
            if (++place == count) place = 0;
            if (part.partition_index == partition) return &part;
        }
    }
    return nullptr;
}

}  // namespace

FetcherHost::FetcherHost(const FetcherSurroundings& surroundings, BrokerId leader)
    : surroundings_(surroundings),
      node_(surroundings.partitions.node),
      leader_(leader),
      news_(node_) {
    node_.spawn(fmt::format("fetcher/{}", leader_), [this] { run(); });
}

void FetcherHost::follow(std::set<TopicPartition> partitions, std::optional<Endpoint> endpoint) {
    if (partitions.empty() && !partitions_.empty() && endpoint_) {
        channel().close("the fetcher is idle");
    }
    partitions_ = std::move(partitions);
    endpoint_ = endpoint;
    may_be_lost_ = true;
    news_.open();
}

void FetcherHost::run() {
    for (;;) {
        news_.close();
        const std::vector<Question> now = questions();
        if (now.empty()) {
            news_.wait_until(next_question_at());
            continue;
        }
        exchange(now);
        locate_leader_logs();
    }
}

std::vector<FetcherHost::Question> FetcherHost::questions() const {
    std::vector<Question> questions;
    questions.reserve(partitions_.size());
    for (const TopicPartition& partition : partitions_) {
        const PartitionHost* const host = surroundings_.find(partition);
        if (host == nullptr || host->followed_leader() != leader_) continue;
        if (const auto fetch = host->next_fetch()) {
            questions.push_back(
                {.partition = partition, .topic_id = host->topic_id(), .fetch = *fetch});
        }
    }
    return questions;
}

LocalTime FetcherHost::next_question_at() const {
    LocalTime at = LocalTime::max();
    for (const TopicPartition& partition : partitions_) {
        const PartitionHost* const host = surroundings_.find(partition);
        if (host == nullptr || host->followed_leader() != leader_) continue;
        at = std::min(at, host->next_fetch_at());
    }
    return at;
}

FetchRequest FetcherHost::request_for(const std::vector<Question>& questions) const {
    const ReplicaOptions& options = surroundings_.partitions.options;
    FetchRequest request;
    request.replica_state = {.replica_id = surroundings_.partitions.broker,
                             .replica_epoch = surroundings_.partitions.broker_epoch()};
    request.max_wait_ms = in_ms(options.replica_fetch_wait_max);
    request.min_bytes = options.replica_fetch_min_bytes;
    request.max_bytes = replica_fetch_response_max_bytes;
    for (const Question& question : questions) {
        if (request.topics.empty() || request.topics.back().topic != question.partition.topic) {
            request.topics.push_back({.topic = question.partition.topic,
                                      .topic_id = question.topic_id,
                                      .partitions = {}});
            request.topics.back().partitions.reserve(questions.size());
        }
        request.topics.back().partitions.push_back(
            {.partition = question.partition.partition,
             .current_leader_epoch = question.fetch.current_leader_epoch,
             .fetch_offset = question.fetch.fetch_offset,
             .last_fetched_epoch = question.fetch.last_fetched_epoch,
             .log_start_offset = question.fetch.log_start_offset,
             .partition_max_bytes = options.replica_fetch_max_bytes,
             .replica_directory_id = {}});
    }
    return request;
}

// One round: ask, then give each partition its part of the answer.
void FetcherHost::exchange(const std::vector<Question>& questions) {
    if (!endpoint_) {
        for (const Question& question : questions) fail(question);
        return;
    }
    Result<FetchResponse> response = channel().call(request_for(questions));
    // Whatever went wrong, nothing of ours has changed: ask again after the back-off.
    if (!response || response->error_code != ErrorCode::none) {
        for (const Question& question : questions) fail(question);
        return;
    }
    std::size_t place = 0;
    for (const Question& question : questions) {
        FetchResponse::Partition* const part =
            find_part(*response, question.topic_id, question.partition.partition, place);
        if (part == nullptr) {
            fail(question);
        } else {
            give(question, std::move(*part));
        }
    }
}

void FetcherHost::give(const Question& question, FetchResponse::Partition answer) {
    if (answer.error_code == ErrorCode::offset_out_of_range) may_be_lost_ = true;
    if (PartitionHost* const host = surroundings_.find(question.partition)) {
        host->take_fetch_answer(question.fetch, std::move(answer));
    }
}

void FetcherHost::fail(const Question& question) {
    if (PartitionHost* const host = surroundings_.find(question.partition)) {
        host->take_fetch_failure(question.fetch.current_leader_epoch);
    }
}

// The leader epoch in which the leader's log must be located; nullopt: it need not.
std::optional<LeaderEpoch> FetcherHost::lost_in(const TopicPartition& partition) const {
    const PartitionHost* const host = surroundings_.find(partition);
    if (host == nullptr || host->followed_leader() != leader_) return std::nullopt;
    return host->must_locate_leader_log();
}

// After OFFSET_OUT_OF_RANGE: where does the leader's log begin and end?
void FetcherHost::locate_leader_logs() {
    constexpr TimestampMs latest = -1;
    constexpr TimestampMs earliest = -2;
    if (!std::exchange(may_be_lost_, false)) return;
    std::vector<TopicPartition> lost;
    for (const TopicPartition& partition : partitions_) {
        if (lost_in(partition)) lost.push_back(partition);
    }
    for (const TopicPartition& partition : lost) {
        const std::optional<LeaderEpoch> epoch = lost_in(partition);
        if (!epoch) continue;
        const Offset end = list_offset(partition, *epoch, latest);
        const Offset start =
            end == no_offset ? no_offset : list_offset(partition, *epoch, earliest);
        PartitionHost* const host = surroundings_.find(partition);
        if (host == nullptr) continue;
        if (start == no_offset) {
            host->take_fetch_failure(*epoch);
        } else {
            host->take_leader_log(*epoch, start, end);
        }
    }
}

Offset FetcherHost::list_offset(const TopicPartition& partition, LeaderEpoch epoch,
                                TimestampMs timestamp) {
    if (!endpoint_) return no_offset;
    ListOffsetsRequest request;
    request.replica_id = surroundings_.partitions.broker;
    request.topics = {{.name = partition.topic,
                       .partitions = {{.partition_index = partition.partition,
                                       .current_leader_epoch = epoch,
                                       .timestamp = timestamp}}}};
    const Result<ListOffsetsResponse> response = channel().call(std::move(request));
    if (!response || response->topics.size() != 1 || response->topics[0].partitions.size() != 1) {
        return no_offset;
    }
    const ListOffsetsResponse::Partition& answer = response->topics[0].partitions[0];
    return answer.error_code == ErrorCode::none ? answer.offset : no_offset;
}

// Requires: the endpoint is known.
Channel& FetcherHost::channel() const {
    return surroundings_.channels.to(*endpoint_, purpose);
}

}  // namespace squall::model
