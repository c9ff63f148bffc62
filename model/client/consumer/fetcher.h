// Fetcher: which partitions to fetch from whom, and what each answer means.
//
// One request in flight to each broker, for the fetchable partitions which it leads, or is the
// replica to read from that the leader named (KIP-392). What a leader names holds for
// metadata.max.age.ms, and until a request to that replica fails. To a broker of which something is
// buffered no request goes: it would drop the buffered partitions from their fetch session
// (KIP-227, KAFKA-17182), so that each round named them anew. An answer counts only if the
// partition still stands where it was fetched from. Pure; consumer.cc makes the requests.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/client/consumer/consumer_options.h"
#include "model/client/consumer/fetch_buffer.h"
#include "model/client/consumer/offset_requests.h"
#include "model/client/consumer/subscription_state.h"
#include "model/client/metadata_cache.h"
#include "model/protocol/fetch_session_handler.h"
#include "model/protocol/messages/fetch.h"
#include "sim/base/time.h"

namespace squall::model {

class Fetcher {
  public:
    // `bugs` may be null, and outlives the fetcher.
    explicit Fetcher(const ConsumerOptions& options, const BugSet* bugs = nullptr);

    struct Plan {
        std::vector<std::pair<BrokerId, FetchRequest>> requests;
        bool refresh_metadata = false;  // some partition has no leader
    };
    // The requests to send now; they count as in flight.
    Plan plan(const SubscriptionState& subscription, const MetadataCache& metadata, LocalTime now);

    struct Reaction {
        bool refresh_metadata = false;
        std::vector<TopicPartition> reset;   // out of range: now waiting for the policy's offset
        std::optional<std::string> problem;  // to be told to the application
    };
    // Requires: a request to `broker` is in flight.
    Reaction on_answer(BrokerId broker, const FetchResponse& response,
                       SubscriptionState& subscription, MetadataCache& metadata, LocalTime now);
    Reaction on_failure(BrokerId broker, SubscriptionState& subscription, LocalTime now);

    // What may be read of the partition, as the last answer about it said: its high watermark, or
    // under read_committed its last stable offset. Nullopt before the first.
    std::optional<Offset> log_end(const TopicPartition& partition) const;

    FetchBuffer& buffer() { return buffer_; }
    bool is_in_flight(BrokerId broker) const;

  private:
    // What is going on with one broker.
    struct Conversation {
        FetchSessionHandler session;
        std::vector<FetchPosition> positions;  // of its entries
        bool is_in_flight = false;
    };

    // Of whom something waits that the application may take.
    std::set<BrokerId> buffered_brokers(const SubscriptionState& subscription,
                                        const MetadataCache& metadata, LocalTime now,
                                        Plan& plan) const;
    void back_off_all(const Conversation& conversation, SubscriptionState& subscription,
                      LocalTime now) const;
    // no_broker: there is no leader.
    BrokerId read_from(const TopicPartition& partition, const SubscriptionState& subscription,
                       const MetadataCache& metadata, LocalTime now, Plan& plan) const;
    void take(const TopicPartition& partition, FetchPosition asked,
              const FetchResponse::Partition& answer, SubscriptionState& subscription,
              LocalTime now, Reaction& reaction);

    ConsumerOptions options_;
    FetchBuffer buffer_;
    std::map<BrokerId, Conversation> conversations_;
    std::map<TopicPartition, Offset> log_ends_;
};

}  // namespace squall::model
