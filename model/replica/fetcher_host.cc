#include "model/replica/fetcher_host.h"

#include <algorithm>
#include <utility>

#include "model/protocol/messages/list_offsets.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::int32_t replica_fetch_response_max_bytes = 10 << 20;
constexpr std::string_view purpose = "fetcher";

std::int32_t in_ms(std::chrono::milliseconds duration) {
    return static_cast<std::int32_t>(duration.count());
}

// What a follower asked for one partition.
FollowerFetch fetch_of(const FetchRequest::Partition& asked) {
    return {.current_leader_epoch = asked.current_leader_epoch,
            .fetch_offset = asked.fetch_offset,
            .last_fetched_epoch = asked.last_fetched_epoch,
            .log_start_offset = asked.log_start_offset};
}

}  // namespace

FetcherHost::FetcherHost(const FetcherSurroundings& surroundings, BrokerId leader)
    : surroundings_(surroundings),
      node_(surroundings.partitions.node),
      leader_(leader),
      news_(node_) {
    node_.spawn(fmt::format("fetcher/{}", leader_), [this] { run(); });
}

void FetcherHost::follow(std::vector<PartitionHost*> partitions, std::optional<Endpoint> endpoint) {
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
        if (!ask_for_what_is_due()) {
            session_.give_up();
            news_.wait_until(next_question_at());
            continue;
        }
        exchange();
        locate_leader_logs();
    }
}

// False: there is nothing to ask for now.
bool FetcherHost::ask_for_what_is_due() {
    const std::int32_t max_bytes = surroundings_.partitions.options.replica_fetch_max_bytes;
    const LocalTime now = node_.now();
    bool is_any = false;
    for (const PartitionHost* const host : partitions_) {
        if (host->followed_leader() != leader_) continue;
        const std::optional<FollowerFetch> fetch = host->next_fetch(now);
        if (!fetch) continue;
        is_any = true;
        session_.want(host->partition(), host->topic_id(),
                      {.partition = host->partition().partition,
                       .current_leader_epoch = fetch->current_leader_epoch,
                       .fetch_offset = fetch->fetch_offset,
                       .last_fetched_epoch = fetch->last_fetched_epoch,
                       .log_start_offset = fetch->log_start_offset,
                       .partition_max_bytes = max_bytes,
                       .replica_directory_id = {}});
    }
    return is_any;
}

LocalTime FetcherHost::next_question_at() const {
    LocalTime at = LocalTime::max();
    for (const PartitionHost* const host : partitions_) {
        if (host->followed_leader() != leader_) continue;
        at = std::min(at, host->next_fetch_at());
    }
    return at;
}

FetchRequest FetcherHost::next_request() {
    const ReplicaOptions& options = surroundings_.partitions.options;
    FetchRequest request;
    request.replica_state = {.replica_id = surroundings_.partitions.broker,
                             .replica_epoch = surroundings_.partitions.broker_epoch()};
    request.max_wait_ms = in_ms(options.replica_fetch_wait_max);
    request.min_bytes = options.replica_fetch_min_bytes;
    request.max_bytes = replica_fetch_response_max_bytes;
    session_.complete(request);
    return request;
}

// One round: ask, then give each partition of which there is news its part of the answer.
void FetcherHost::exchange() {
    FetchRequest request = next_request();
    if (!endpoint_) {
        session_.give_up();
        return fail_all();
    }
    Result<FetchResponse> response = channel().call(std::move(request));
    // Whatever went wrong, nothing of ours has changed: ask again after the back-off.
    if (!response) {
        session_.give_up();
        return fail_all();
    }
    if (!session_.take(*response)) {
        // A session that is no more costs one round: the next one names everything.
        if (!is_session_error(response->error_code)) fail_all();
        return;
    }
    for (FetchResponse::Topic& topic : response->responses) {
        for (FetchResponse::Partition& part : topic.partitions) {
            const Question* const asked =
                session_.find(topic.topic, topic.topic_id, part.partition_index);
            ASSERT(asked != nullptr, "an answer of {} to what nobody asked", leader_);
            give(*asked, std::move(part));
        }
    }
}

void FetcherHost::give(const Question& question, FetchResponse::Partition answer) {
    if (answer.error_code == ErrorCode::offset_out_of_range) may_be_lost_ = true;
    if (PartitionHost* const host = surroundings_.find(question.name)) {
        host->take_fetch_answer(fetch_of(question.asked), std::move(answer));
    }
}

void FetcherHost::fail_all() {
    for (const Question& question : session_.entries()) {
        if (PartitionHost* const host = surroundings_.find(question.name)) {
            host->take_fetch_failure(question.asked.current_leader_epoch);
        }
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
    for (const PartitionHost* const host : partitions_) {
        if (lost_in(host->partition())) lost.push_back(host->partition());
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
