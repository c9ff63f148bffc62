#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/broker/broker.h"
#include "model/broker/fetch_session_cache.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/handlers/visibility.h"
#include "model/protocol/message_set.h"
#include "model/replica/replica_host.h"

namespace squall::model {
namespace {

struct Reader {
    BrokerId replica = no_broker;  // no_broker: a consumer
    BrokerEpoch replica_epoch{-1};
    bool read_committed = false;

    bool is_consumer() const { return replica == no_broker; }
};

Reader reader_of(const FetchRequest& request, ApiVersion version) {
    // KIP-903: from version 15 on, a follower names itself together with its broker epoch.
    const bool has_state = version >= 15;
    return Reader{.replica = has_state ? request.replica_state.replica_id : request.replica_id,
                  .replica_epoch = request.replica_state.replica_epoch,
                  .read_committed = request.isolation_level == IsolationLevel::read_committed};
}

// From version 11 on, consumers say where they are, and may be served by followers (KIP-392).
constexpr ApiVersion first_with_rack = 11;

// Where a consumer had better read this partition; nullopt: here.
std::optional<BrokerId> preferred_replica(Broker& broker, const std::string& client_rack,
                                          const TopicPartition& partition, Offset offset) {
    if (broker.config().replica_selector == ReplicaSelector::leader) return std::nullopt;
    const MetadataImage& image = broker.image();
    std::vector<LocatedCandidate> followers;
    for (const ReadCandidate& candidate : broker.replicas().read_candidates(partition, offset)) {
        if (!is_visible(image, candidate.broker)) continue;
        followers.push_back(
            {.candidate = candidate, .rack = image.find_broker(candidate.broker)->rack});
    }
    return select_read_replica(broker.config().replica_selector, client_rack, broker.rack(),
                               followers);
}

// From version 16 on, who asked the wrong broker is told the right one (KIP-951).
constexpr ApiVersion first_fetch_with_hints = 16;

// Old consumers read message sets. What cannot be one, they are refused (KafkaApis'
// maybeConvertFetchedData).
void convert_to_message_set(FetchResponse::Partition& part, MessageFormat format, Offset from) {
    Result<Bytes> set = message_set_of_batches(part.records, format, from);
    if (set) {
        part.records = std::move(set).value();
        return;
    }
    const ErrorCode error = set.error().failure == Failure::corrupt
                                ? ErrorCode::corrupt_message
                                : ErrorCode::unsupported_compression_type;
    part = {.partition_index = part.partition_index, .error_code = error};
}

// One request on its way to an answer: what it found so far of the partitions of its session.
class Fetching {
  public:
    Fetching(Broker& broker, const FetchRequest& request, ApiVersion version, const Reader& reader,
             FetchSession& session)
        : broker_(broker),
          request_(request),
          version_(version),
          reader_(reader),
          session_(session),
          max_bytes_(std::min(request.max_bytes, broker.config().fetch_max_bytes)),
          min_bytes_(std::min(request.min_bytes, max_bytes_)) {}

    // Looks at each partition of which there may be something new since the last look.
    void look(bool after_wait);
    bool is_enough() const { return answer_at_once_ || available_ >= min_bytes_; }
    Duration cost() const { return cost_; }
    // Of what was found: all of it, or what the fetcher does not know. It knows it from now on.
    FetchResponse answer(bool is_incremental);

  private:
    struct Found {
        FetchSession::Partitions::iterator partition;
        FetchResponse::Partition part;
    };

    FetchTarget target_of(const CachedPartition& partition, bool after_wait) const;
    const TopicImage* topic_of(const CachedPartition& partition);
    void look_at(CachedPartition& partition, FetchResponse::Partition& part, bool after_wait);
    FetchResponse::Partition& part_of(FetchSession::Partitions::iterator partition,
                                      bool after_wait);

    Broker& broker_;
    const FetchRequest& request_;
    ApiVersion version_;
    Reader reader_;
    FetchSession& session_;
    std::int32_t max_bytes_;
    std::int32_t min_bytes_;
    std::vector<Found> found_;
    const CachedPartition* named_ = nullptr;  // whose topic was looked up last, in this look
    const TopicImage* topic_ = nullptr;       // that one
    std::int64_t bytes_ = 0;                  // of the last look
    // What min_bytes is about: as much as the partitions have, up to what each may give.
    std::int64_t available_ = 0;
    Duration cost_{};              // of reading them from the disk
    bool answer_at_once_ = false;  // an error, a divergence, another replica to read from, nothing
};

void Fetching::look(bool after_wait) {
    bytes_ = 0;
    available_ = 0;
    cost_ = {};
    named_ = nullptr;
    answer_at_once_ = session_.partitions().empty();
    // Of who asks again, what is looked at: it differs by its offsets.
    FetchTarget again{.replica = reader_.replica, .replica_epoch = reader_.replica_epoch};
    const LocalTime now = broker_.node().now();
    for (auto it = session_.partitions().begin(); it != session_.partitions().end(); ++it) {
        CachedPartition& partition = *it;
        const bool is_known = !partition.must_look && !session_.watch().has_news(*partition.slot);
        if (is_known) {
            if (reader_.is_consumer() || after_wait) continue;
            again.fetch_offset = partition.asked.fetch_offset;
            again.log_start_offset = partition.asked.log_start_offset;
            if (session_.watch().count_again(*partition.slot, again, now)) continue;
        }
        look_at(partition, part_of(it, after_wait), after_wait);
    }
}

// What an earlier look found of it is forgotten.
FetchResponse::Partition& Fetching::part_of(FetchSession::Partitions::iterator partition,
                                            bool after_wait) {
    const auto earlier =
        after_wait ? std::ranges::find(found_, partition, &Found::partition) : found_.end();
    Found& found = earlier != found_.end()
                       ? *earlier
                       : found_.emplace_back(Found{.partition = partition, .part = {}});
    found.part = {};
    found.part.partition_index = partition->asked.partition;
    return found.part;
}

FetchTarget Fetching::target_of(const CachedPartition& partition, bool after_wait) const {
    const std::int64_t room = std::max<std::int64_t>(max_bytes_ - bytes_, 0);
    return {.replica = reader_.replica,
            .replica_epoch = reader_.replica_epoch,
            .current_leader_epoch = partition.asked.current_leader_epoch,
            .fetch_offset = partition.asked.fetch_offset,
            .last_fetched_epoch = partition.asked.last_fetched_epoch,
            .log_start_offset = partition.asked.log_start_offset,
            .max_bytes = static_cast<std::int32_t>(
                std::min<std::int64_t>(room, partition.asked.partition_max_bytes)),
            // Progress is always possible: the first batch comes even if it is larger.
            .at_least_one_batch = bytes_ == 0,
            .read_committed = reader_.read_committed,
            .after_wait = after_wait,
            .may_read_follower = reader_.is_consumer() && version_ >= first_with_rack};
}

// Topics by name, or by id where the version speaks in ids; mostly that of the partition before.
const TopicImage* Fetching::topic_of(const CachedPartition& partition) {
    if (named_ == nullptr || named_->topic_id != partition.topic_id ||
        named_->topic != partition.topic) {
        named_ = &partition;
        topic_ = session_.uses_topic_ids() ? broker_.image().find_topic(partition.topic_id)
                                           : broker_.image().find_topic(partition.topic);
    }
    return topic_;
}

void Fetching::look_at(CachedPartition& partition, FetchResponse::Partition& part,
                       bool after_wait) {
    partition.must_look = true;
    const TopicImage* const topic = topic_of(partition);
    if (topic == nullptr) {
        part.error_code = session_.uses_topic_ids() ? ErrorCode::unknown_topic_id
                                                    : ErrorCode::unknown_topic_or_partition;
        answer_at_once_ = true;
        return;
    }
    const TopicPartition name{topic->name, partition.asked.partition};
    if (!partition.slot) partition.slot = session_.watch().add(name);

    std::optional<BrokerId> elsewhere;
    FetchTarget target = target_of(partition, after_wait);
    if (target.may_read_follower) {
        elsewhere = preferred_replica(broker_, request_.rack_id, name, target.fetch_offset);
    }
    if (elsewhere) {
        target.max_bytes = 0;
        target.at_least_one_batch = false;
    }
    FetchOutcome outcome = session_.watch().fetch(*partition.slot, target);
    if (elsewhere && outcome.error == ErrorCode::none) {
        part.preferred_read_replica = *elsewhere;
        answer_at_once_ = true;
    }
    part.error_code = outcome.error;
    part.high_watermark = outcome.high_watermark;
    part.last_stable_offset = outcome.last_stable_offset;
    part.log_start_offset = outcome.log_start_offset;
    if (outcome.diverging_epoch) {
        part.diverging_epoch = {.epoch = outcome.diverging_epoch->epoch,
                                .end_offset = outcome.diverging_epoch->offset};
    }
    const auto size = static_cast<std::int64_t>(outcome.records.size());
    bytes_ += size;
    available_ += outcome.has_more ? std::max<std::int64_t>(size, target.max_bytes) : size;
    answer_at_once_ |= outcome.error != ErrorCode::none || outcome.diverging_epoch;
    cost_ += outcome.cost;
    part.records = std::move(outcome.records);
    if (reader_.read_committed) {
        part.aborted_transactions.emplace();
        for (const AbortedTransaction& aborted : outcome.aborted_transactions) {
            part.aborted_transactions->push_back(
                {.producer_id = aborted.producer_id, .first_offset = aborted.first_offset});
        }
    }
    // Where it would be read from instead may change without any news of the partition.
    const bool may_move =
        target.may_read_follower && broker_.config().replica_selector != ReplicaSelector::leader;
    partition.must_look = !outcome.is_drained || outcome.error != ErrorCode::none ||
                          outcome.diverging_epoch || may_move;
}

FetchResponse Fetching::answer(bool is_incremental) {
    FetchResponse response;
    response.session_id = session_.id;
    LeaderHints leaders;
    named_ = nullptr;
    const std::optional<MessageFormat> old_format = format_fetched_by(version_);
    for (Found& found : found_) {
        const CachedPartition& partition = *found.partition;
        if (old_format && !found.part.records.empty()) {
            convert_to_message_set(found.part, *old_format, partition.asked.fetch_offset);
        }
        const ErrorCode error = found.part.error_code;
        if (version_ >= first_fetch_with_hints && partition.slot &&
            (error == ErrorCode::not_leader_or_follower ||
             error == ErrorCode::fenced_leader_epoch)) {
            if (const TopicImage* const topic = topic_of(partition)) {
                found.part.current_leader =
                    leaders.hint(broker_.image(), {topic->name, partition.asked.partition});
            }
        }
        const bool is_news = found.partition->tell(found.part);
        if (is_incremental && !is_news) continue;
        if (response.responses.empty() ||
            response.responses.back().topic_id != partition.topic_id ||
            response.responses.back().topic != partition.topic) {
            response.responses.push_back(
                {.topic = partition.topic, .topic_id = partition.topic_id, .partitions = {}});
        }
        if (is_incremental && !found.part.records.empty()) session_.move_to_end(found.partition);
        response.responses.back().partitions.push_back(std::move(found.part));
    }
    response.node_endpoints = leaders.endpoints();
    return response;
}

FetchResponse refusal(ErrorCode error) {
    FetchResponse response;
    response.error_code = error;
    return response;
}

// News of the session's partitions open the gate for as long as this lives.
class Listening {
  public:
    Listening(FetchSession& session, sim::Gate& gate) : session_(session), gate_(gate) {
        session_.watch().open_on_news(gate_);
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() { session_.watch().leave_alone(gate_); }

  private:
    FetchSession& session_;
    sim::Gate& gate_;
};

}  // namespace

// DelayedFetch: waits for min_bytes, but no longer than max_wait_ms. Every piece of news makes it
// look again; what it answers is what it read last, so reading and answering are one moment.
FetchResponse handle(Broker& broker, FetchRequest& request, const RequestContext& context) {
    const LocalTime deadline = broker.node().now() + std::chrono::milliseconds(request.max_wait_ms);
    const Reader reader = reader_of(request, context.api_version);
    FetchSessionCache& sessions = broker.fetch_sessions();
    const FetchSessionCache::Begun begun = sessions.begin(
        request, context.api_version, !reader.is_consumer(),
        [&] { return broker.replicas().watch(reader.replica); }, broker.node().now());
    if (begun.error != ErrorCode::none) return refusal(begun.error);

    FetchSession& session = *begun.session;
    sim::Gate news(broker.node());
    const Listening listening(session, news);
    Fetching fetching(broker, request, context.api_version, reader, session);
    for (bool after_wait = false;; after_wait = true) {
        news.close();
        // The fetcher has given up on this request, and goes on with the session in another.
        if (begun.is_incremental && session.epoch != begun.next_epoch) {
            return refusal(ErrorCode::invalid_fetch_session_epoch);
        }
        fetching.look(after_wait);
        if (fetching.is_enough() || broker.node().now() >= deadline) break;
        // Nobody parked since the look: what comes from here on is news.
        news.wait_until(deadline);
    }
    if (begun.begins_session) sessions.keep(begun.session, broker.node().now());
    FetchResponse response = fetching.answer(begun.is_incremental);
    session.has_open_request = false;
    if (fetching.cost() > Duration::zero()) broker.node().sleep_for(fetching.cost());
    return response;
}

}  // namespace squall::model
