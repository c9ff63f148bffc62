// FetcherHost: the task that keeps this broker's followers of one leader in step with it.
//
// One Fetch at a time over one connection, for all partitions that this broker follows there; the
// leader holds it back until there is news or replica.fetch.wait.max.ms passed. The answers are
// given to the partitions in order; what a partition does with its answer is its decider's matter,
// back-off included. The requests are those of a fetch session (KIP-227): they name what changed,
// and partitions of which an answer says nothing have no news.
//
// When the last partition leaves, the connection is closed, as Kafka ends an idle fetcher: who
// comes back later does not wait behind a request that a dead leader never answers.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "model/protocol/fetch_session_handler.h"
#include "model/protocol/messages/fetch.h"
#include "model/replica/partition_host.h"
#include "model/rpc/channel.h"

namespace squall::model {

// What the fetchers of one broker share.
struct FetcherSurroundings {
    const PartitionSurroundings& partitions;
    ChannelPool& channels;
    // Null: not a replica of this broker any more.
    std::function<PartitionHost*(const TopicPartition&)> find;
};

class FetcherHost {
  public:
    // Spawns its task.
    FetcherHost(const FetcherSurroundings& surroundings, BrokerId leader);
    FetcherHost(const FetcherHost&) = delete;
    FetcherHost& operator=(const FetcherHost&) = delete;

    // These partitions follow that leader now, and it is found there. They live until the next call
    // names others. Requires: in ascending order. Does not park.
    void follow(std::vector<PartitionHost*> partitions, std::optional<Endpoint> endpoint);

  private:
    using Question = FetchSessionHandler::Entry;

    void run();
    bool ask_for_what_is_due();
    LocalTime next_question_at() const;
    FetchRequest next_request();
    void exchange();
    void give(const Question& question, FetchResponse::Partition answer);
    void fail_all();
    std::optional<LeaderEpoch> lost_in(const TopicPartition& partition) const;
    void locate_leader_logs();
    // no_offset: the leader did not say.
    Offset list_offset(const TopicPartition& partition, LeaderEpoch epoch, TimestampMs timestamp);
    Channel& channel() const;

    const FetcherSurroundings& surroundings_;
    sim::Node& node_;
    BrokerId leader_;
    std::vector<PartitionHost*> partitions_;
    std::optional<Endpoint> endpoint_;
    FetchSessionHandler session_;
    bool may_be_lost_ = false;  // of one at least the leader's log may have to be located
    sim::Gate news_;            // about what to fetch
};

}  // namespace squall::model
