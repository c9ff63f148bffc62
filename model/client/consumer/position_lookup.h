// PositionLookup: how a consumer comes by its positions, and how it learns that one is void.
//
//   committed offset  of the group, where it has one (OffsetFetch)
//   auto.offset.reset where it has none, or where the log does not reach (ListOffsets)
//   validation        after each change of leaders: does the new leader's log hold what was read up
//                     to here (OffsetForLeaderEpoch, KIP-320)? If it ends before, it was truncated:
//                     the position goes back to where it diverges, or, with auto.offset.reset=none,
//                     the application is told.
//
// One lookup of committed offsets, and one of each other kind for each leader, is in flight at a
// time. Answers for an assignment or a position that is gone change nothing. Pure: consumer.cc
// makes the requests and emits what is told.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/offset_requests.h"
#include "model/client/consumer/subscription_state.h"
#include "model/client/metadata_cache.h"
#include "sim/base/result.h"
#include "sim/base/time.h"

namespace squall::model {

enum class PositionSource : std::uint8_t { committed, earliest, latest, truncation };

class PositionLookup {
  public:
    // `bugs` may be null, and outlives this.
    explicit PositionLookup(const ConsumerOptions& options, const BugSet* bugs = nullptr)
        : options_(options), bugs_(bugs) {}

    struct Found {
        TopicPartition partition;
        FetchPosition position;
        PositionSource source = PositionSource::committed;
        ResetCause cause = ResetCause::none;
    };
    // What an answer came to.
    struct Reaction {
        std::vector<Found> found;  // positions that were set
        bool refresh_metadata = false;
        bool lose_coordinator = false;
        std::optional<std::string> problem;  // to be told to the application
    };
    template <class Request, class Asked>
    struct Ask {
        BrokerId leader = no_broker;
        Request request;
        Asked asked;
    };
    using Resets = std::map<TopicPartition, OffsetReset>;
    using EndsAsk = Ask<ListOffsetsRequest, Resets>;
    using EpochsAsk = Ask<OffsetForLeaderEpochRequest, Positions>;

    // Partitions without a position and a group to ask go to the reset policy at once.
    Reaction skip_group(SubscriptionState& subscription) const;
    // The partitions whose committed offsets are to be asked for now; they count as asked.
    std::vector<TopicPartition> begin_committed(const SubscriptionState& subscription,
                                                LocalTime now);
    // `version`: of the assignment when it was asked.
    Reaction on_committed(const std::vector<TopicPartition>& asked, std::uint64_t version,
                          const Result<OffsetFetchResponse>& answer,
                          SubscriptionState& subscription, const MetadataCache& metadata,
                          LocalTime now);

    // `refresh_metadata` is set where some partition has no leader.
    std::vector<EndsAsk> begin_ends(const SubscriptionState& subscription,
                                    const MetadataCache& metadata, LocalTime now,
                                    bool& refresh_metadata);
    Reaction on_ends(BrokerId leader, const Resets& asked,
                     const Result<ListOffsetsResponse>& answer, SubscriptionState& subscription,
                     LocalTime now);

    // Positions meet the leaders that metadata names by now.
    void meet_leaders(SubscriptionState& subscription, const MetadataCache& metadata) const;
    std::vector<EpochsAsk> begin_epochs(const SubscriptionState& subscription,
                                        const MetadataCache& metadata, LocalTime now,
                                        bool& refresh_metadata);
    Reaction on_epochs(const EpochsAsk& ask, const Result<OffsetForLeaderEpochResponse>& answer,
                       SubscriptionState& subscription, LocalTime now);

    // When time alone changes what may be asked, but for the partitions' own back-off.
    LocalTime committed_not_before() const { return committed_not_before_; }

  private:
    void reset_or_tell(const TopicPartition& partition, ResetCause cause,
                       SubscriptionState& subscription, std::string_view why,
                       Reaction& reaction) const;
    std::map<BrokerId, std::vector<TopicPartition>> by_leader(
        const std::vector<TopicPartition>& partitions, const std::set<BrokerId>& in_flight,
        const SubscriptionState& subscription, const MetadataCache& metadata, LocalTime now,
        bool& refresh_metadata) const;

    ConsumerOptions options_;
    const BugSet* bugs_;
    bool committed_in_flight_ = false;
    LocalTime committed_not_before_;
    std::set<BrokerId> ends_in_flight_;
    std::set<BrokerId> epochs_in_flight_;
};

}  // namespace squall::model
