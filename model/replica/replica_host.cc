#include "model/replica/replica_host.h"

#include <algorithm>
#include <utility>

#include "model/controller/dynamic_config.h"
#include "model/replica/alter_partition_host.h"
#include "model/replica/fetcher_host.h"
#include "model/replica/log_upkeep_host.h"
#include "model/replica/partition_host.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

// DelayedFetch's ear: lives as long as the handler waits.
class PartitionWait;
// A fetch session's.
class PartitionWatch;

// Of many partitions of few topics, numbers differ sooner than names.
struct ByNumber {
    bool operator()(const TopicPartition& a, const TopicPartition& b) const {
        return a.partition != b.partition ? a.partition < b.partition : a.topic < b.topic;
    }
};

// Who waits for news of which partition.
class WaitList {
  public:
    struct Place {
        PartitionWatch* watch;
        std::size_t slot;

        bool operator==(const Place&) const = default;
    };
    struct Row {
        TopicPartition partition;
        PartitionHost* host = nullptr;  // as long as it is a replica of this broker
        std::vector<PartitionWait*> waits;
        std::vector<Place> watches;
    };

    // Good as long as the list is.
    Row& row_of(const TopicPartition& partition) {
        const auto [row, is_new] = rows_.try_emplace(partition);
        if (is_new) row->second.partition = partition;
        return row->second;
    }
    void tell(const TopicPartition& partition, PartitionNews news) const;

  private:
    // A partition without anybody keeps its row: who waits for news will wait for more.
    std::map<TopicPartition, Row, ByNumber> rows_;
};

// Followers wait for records, consumers for committed ones.
bool matters_to(bool is_follower, PartitionNews news) {
    return news == PartitionNews::new_role || (news == PartitionNews::appended) == is_follower;
}

class PartitionWait final : public ReplicaHost::FetchWait {
  public:
    PartitionWait(WaitList& list, const std::vector<TopicPartition>& partitions, bool is_follower,
                  sim::Gate& gate)
        : is_follower_(is_follower), gate_(gate) {
        rows_.reserve(partitions.size());
        for (const TopicPartition& partition : partitions) {
            WaitList::Row& row = list.row_of(partition);
            row.waits.push_back(this);
            rows_.push_back(&row);
        }
    }
    PartitionWait(const PartitionWait&) = delete;
    PartitionWait& operator=(const PartitionWait&) = delete;
    ~PartitionWait() override {
        for (WaitList::Row* const row : rows_) std::erase(row->waits, this);
    }

    void hear(PartitionNews news) {
        if (matters_to(is_follower_, news)) gate_.open();
    }

  private:
    std::vector<WaitList::Row*> rows_;
    bool is_follower_;
    sim::Gate& gate_;
};

// Its rows tell of their partitions for as long as a session has them, so that a fetch that finds
// nothing new looks none of them up.
class PartitionWatch final : public ReplicaHost::FetchWatch {
  public:
    // What of a partition that is not here; outlives the watch.
    using Absence = std::function<ErrorCode(const TopicPartition&)>;

    PartitionWatch(WaitList& list, const Absence& absence, bool is_follower)
        : list_(list), absence_(absence), is_follower_(is_follower) {}
    PartitionWatch(const PartitionWatch&) = delete;
    PartitionWatch& operator=(const PartitionWatch&) = delete;
    ~PartitionWatch() override {
        for (Slot slot = 0; slot < watched_.size(); ++slot) {
            if (watched_[slot].row != nullptr) remove(slot);
        }
    }

    Slot add(const TopicPartition& partition) override {
        Slot slot = watched_.size();
        if (free_.empty()) {
            watched_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        watched_[slot] = {.row = &list_.row_of(partition), .has_news = true};
        watched_[slot].row->watches.push_back({this, slot});
        return slot;
    }
    void remove(Slot slot) override {
        std::erase(watched_[slot].row->watches, WaitList::Place{this, slot});
        watched_[slot].row = nullptr;
        free_.push_back(slot);
    }
    FetchOutcome fetch(Slot slot, const FetchTarget& target) override {
        // What happens while it is fetched (its high watermark moves) is news for the next time.
        watched_[slot].has_news = false;
        watched_[slot].counted_until = {};
        const WaitList::Row& row = *watched_[slot].row;
        if (row.host == nullptr) return {.error = absence_(row.partition)};
        return row.host->fetch(target);
    }
    bool has_news(Slot slot) const override { return watched_[slot].has_news; }
    bool count_again(Slot slot, const FetchTarget& target, LocalTime now) override {
        Watched& watched = watched_[slot];
        if (now < watched.counted_until) return true;
        PartitionHost* const host = watched.row->host;
        if (host == nullptr) return false;
        const std::optional<Duration> good_for = host->count_again(target, now);
        if (good_for) watched.counted_until = now + *good_for;
        return good_for.has_value();
    }
    void open_on_news(sim::Gate& gate) override { gate_ = &gate; }
    void leave_alone(const sim::Gate& gate) override {
        if (gate_ == &gate) gate_ = nullptr;
    }

    void hear(Slot slot, PartitionNews news) {
        watched_[slot].has_news = true;
        if (gate_ != nullptr && matters_to(is_follower_, news)) gate_->open();
    }

  private:
    struct Watched {
        WaitList::Row* row = nullptr;
        bool has_news = true;
        LocalTime counted_until{};  // without news, a fetch before then says nothing new
    };

    WaitList& list_;
    const Absence& absence_;
    bool is_follower_;
    std::vector<Watched> watched_;
    std::vector<Slot> free_;
    sim::Gate* gate_ = nullptr;
};

void WaitList::tell(const TopicPartition& partition, PartitionNews news) const {
    const auto found = rows_.find(partition);
    if (found == rows_.end()) return;
    for (PartitionWait* const wait : found->second.waits) wait->hear(news);
    for (const Place& place : found->second.watches) place.watch->hear(place.slot, news);
}

class BrokerReplicas final : public ReplicaHost {
  public:
    BrokerReplicas(ReplicaOptions options, ReplicaHostDependencies dependencies);

    void apply(const MetadataImage& image) override;
    void observe_leadership(std::function<void(const LeadershipChange&)> observer) override {
        observers_.push_back(std::move(observer));
    }

    void append(const TopicPartition& partition, Bytes batch, std::int16_t acks,
                AppendOrigin origin, std::optional<LeaderEpoch> required_epoch,
                sim::Completer<AppendOutcome> completer, TransactionTerms terms) override;
    VerificationStart begin_verification(const TopicPartition& partition, ProducerId producer,
                                         ProducerEpoch epoch, SequenceNumber first_sequence,
                                         bool adds) override;
    ProducerDescriptions describe_producers(const TopicPartition& partition) const override;
    FetchOutcome fetch(const TopicPartition& partition, const FetchTarget& target) override;
    std::unique_ptr<FetchWait> wait_for_news(const std::vector<TopicPartition>& partitions,
                                             BrokerId replica, sim::Gate& gate) override;
    std::unique_ptr<FetchWatch> watch(BrokerId replica) override;
    OffsetAnswer list_offset(const TopicPartition& partition, LeaderEpoch current_leader_epoch,
                             TimestampMs timestamp, bool read_committed, BrokerId replica) override;
    LogContent read_whole_log(const TopicPartition& partition, LeaderEpoch epoch) override;
    RecordDeletion delete_records(const TopicPartition& partition, Offset up_to) override;
    RecordDeletion deletion_of(const TopicPartition& partition, Offset up_to) const override;
    EpochEnd end_of_epoch(const TopicPartition& partition, LeaderEpoch current_leader_epoch,
                          LeaderEpoch epoch) const override;
    std::vector<ReadCandidate> read_candidates(const TopicPartition& partition,
                                               Offset offset) const override;
    std::vector<LogSize> log_sizes() const override;
    bool is_leader(const TopicPartition& partition) const override;
    std::optional<Offset> high_watermark(const TopicPartition& partition) const override;
    void checkpoint_high_watermarks() override;

  private:
    struct TopicSettings {
        std::map<std::string, std::string> broker_defaults;  // dynamic ones, under topics' keys
        std::map<std::string, std::string> configs;
        LogOptions log_options;
    };

    void announce_logs(const LogDirectory::Opened& opened);
    void check_in_sync_sets();
    PartitionSurroundings surroundings_of_partitions();
    AlterPartitionHost::Surroundings surroundings_of_proposals();
    LogUpkeepSurroundings surroundings_of_upkeep();

    PartitionHost* find(const TopicPartition& partition) const;
    // What a request for a partition that is not here is answered with.
    ErrorCode absence(const TopicPartition& partition) const;
    const LogOptions& log_options_of(const TopicImage& topic);
    PartitionHost& host_of(const TopicPartition& partition, const TopicImage& topic);
    Log* open_log(const TopicPartition& partition, const TopicImage& topic);
    void release(const TopicPartition& partition);
    void remove_log(const TopicPartition& partition);
    void remove_strays();
    void direct_fetchers(const MetadataImage& image);

    ReplicaOptions options_;
    ReplicaHostDependencies dependencies_;
    LogOptions log_defaults_;
    PartitionSurroundings partition_surroundings_;
    FetcherSurroundings fetcher_surroundings_;
    AlterPartitionHost proposals_;
    std::map<TopicPartition, std::unique_ptr<PartitionHost>, ByNumber> partitions_;
    std::vector<std::unique_ptr<PartitionHost>> retired_;  // a task of theirs has to leave yet
    std::map<BrokerId, std::unique_ptr<FetcherHost>> fetchers_;
    std::map<std::string, std::size_t> known_topics_;     // of the image: how many partitions
    std::map<std::string, std::string> broker_defaults_;  // of the image, under topics' keys
    std::map<std::string, TopicSettings> topic_settings_;
    bool has_image_ = false;
    WaitList waits_;
    PartitionWatch::Absence absence_ = [this](const TopicPartition& partition) {
        return absence(partition);
    };
    std::vector<std::function<void(const LeadershipChange&)>> observers_;
    LogUpkeepHost upkeep_;
};

BrokerReplicas::BrokerReplicas(ReplicaOptions options, ReplicaHostDependencies dependencies)
    : options_(options),
      dependencies_(std::move(dependencies)),
      log_defaults_(dependencies_.log_defaults),
      partition_surroundings_(surroundings_of_partitions()),
      fetcher_surroundings_{
          .partitions = partition_surroundings_,
          .channels = dependencies_.channels,
          .find = [this](const TopicPartition& partition) { return find(partition); }},
      proposals_(surroundings_of_proposals()),
      upkeep_(options_.upkeep, surroundings_of_upkeep()) {
    log_defaults_.flush_messages = options_.log_flush_interval_messages;
    log_defaults_.max_message_bytes = options_.message_max_bytes;
    log_defaults_.min_insync_replicas = options_.min_insync_replicas;
    announce_logs(dependencies_.opened);

    sim::Node& node = dependencies_.node;
    node.spawn("isr_expiration", [this, &node] {
        for (;;) {
            node.sleep_for(Duration(options_.replica_lag_time_max) / 2);
            check_in_sync_sets();
        }
    });
    node.spawn("high_watermark_checkpoint", [this, &node] {
        for (;;) {
            node.sleep_for(options_.replica_high_watermark_checkpoint_interval);
            checkpoint_high_watermarks();
        }
    });
}

PartitionSurroundings BrokerReplicas::surroundings_of_partitions() {
    return {
        .node = dependencies_.node,
        .broker = dependencies_.broker,
        .options = options_,
        .bugs = dependencies_.bugs,
        .broker_epoch = dependencies_.broker_epoch,
        .on_news = [this](const TopicPartition& partition,
                          PartitionNews news) { waits_.tell(partition, news); },
        .propose =
            [this](const TopicPartition& partition, const Uuid& topic_id, const IsrChange& change) {
                proposals_.propose(partition, topic_id, change);
            },
        .on_leadership =
            [this](const LeadershipChange& change) {
                if (!change.is_leader) proposals_.withdraw(change.partition);
                for (const auto& observer : observers_) observer(change);
            },
        .on_storage_failure =
            [this](const TopicPartition& partition, const Error& error) {
                if (dependencies_.on_storage_failure) {
                    dependencies_.on_storage_failure(partition, error);
                }
            }};
}

AlterPartitionHost::Surroundings BrokerReplicas::surroundings_of_proposals() {
    return {.node = dependencies_.node,
            .broker = dependencies_.broker,
            .channels = dependencies_.channels,
            .broker_epoch = dependencies_.broker_epoch,
            .controller = dependencies_.controller,
            .answer = [this](const TopicPartition& partition,
                             const PartitionLeader::AlterPartitionAnswered& answer) {
                if (PartitionHost* const host = find(partition)) host->take_isr_answer(answer);
            }};
}

LogUpkeepSurroundings BrokerReplicas::surroundings_of_upkeep() {
    return {.node = dependencies_.node,
            .logs = dependencies_.logs,
            .partitions =
                [this] {
                    std::vector<TopicPartition> partitions;
                    for (const auto& [partition, host] : partitions_) {
                        partitions.push_back(partition);
                    }
                    return partitions;
                },
            .find = [this](const TopicPartition& partition) { return find(partition); }};
}

void BrokerReplicas::announce_logs(const LogDirectory::Opened& opened) {
    for (const auto& [partition, recovery] : opened.logs) {
        if (partition.topic == metadata_topic) continue;
        const Offset checkpointed =
            dependencies_.logs.checkpointed_high_watermark(partition).value_or(Offset(0));
        dependencies_.node.emit(LogOpened{
            .broker = dependencies_.broker,
            .partition = partition,
            .log_start_offset = recovery.log_start_offset,
            .log_end_offset = recovery.log_end_offset,
            .high_watermark =
                std::clamp(checkpointed, recovery.log_start_offset, recovery.log_end_offset),
            .truncated_bytes = recovery.truncated_bytes,
            .finished_swaps = recovery.finished_swaps});
    }
}

// ---- from the metadata replay ----

void BrokerReplicas::apply(const MetadataImage& image) {
    std::erase_if(retired_, [](const auto& host) { return host->is_gone(); });

    broker_defaults_ = dynamic_topic_defaults(image, dependencies_.broker);
    known_topics_.clear();
    for (const auto& [name, topic] : image.topics) {
        known_topics_[name] = topic.partitions.size();
    }
    std::vector<TopicPartition> released;
    for (const auto& [partition, host] : partitions_) {
        const PartitionImage* const assigned = image.find_partition(partition);
        if (assigned == nullptr || !contains(assigned->replicas, dependencies_.broker) ||
            image.topics.at(partition.topic).id != host->topic_id()) {
            released.push_back(partition);
        }
    }
    for (const TopicPartition& partition : released) release(partition);
    std::erase_if(topic_settings_,
                  [&](const auto& settings) { return !known_topics_.contains(settings.first); });

    for (const auto& [name, topic] : image.topics) {
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const PartitionImage& assigned = topic.partitions[i];
            if (!contains(assigned.replicas, dependencies_.broker)) continue;
            const TopicPartition partition{name, static_cast<std::int32_t>(i)};
            PartitionAssignment assignment{.view = {.leader_epoch = assigned.leader_epoch,
                                                    .partition_epoch = assigned.partition_epoch,
                                                    .replicas = assigned.replicas,
                                                    .isr = assigned.isr},
                                           .leader = assigned.leader,
                                           .log_options = log_options_of(topic)};
            assignment.view.min_insync_replicas = assignment.log_options.min_insync_replicas;
            for (const BrokerId replica : assigned.replicas) {
                const BrokerImage* const broker = image.find_broker(replica);
                if (broker == nullptr) continue;
                assignment.view.standings[replica] = {
                    .broker_epoch = broker->epoch,
                    .is_fenced = broker->fenced,
                    .in_controlled_shutdown = broker->in_controlled_shutdown};
            }
            host_of(partition, topic).take(assignment);
        }
    }
    if (!has_image_) remove_strays();
    has_image_ = true;
    direct_fetchers(image);
}

const LogOptions& BrokerReplicas::log_options_of(const TopicImage& topic) {
    const auto known = topic_settings_.find(topic.name);
    if (known != topic_settings_.end() && known->second.configs == topic.configs &&
        known->second.broker_defaults == broker_defaults_) {
        return known->second.log_options;
    }
    // The controller has validated them; a setting that it knows and we do not is not for the log.
    const Result<LogOptions> dynamic = log_defaults_.with(broker_defaults_);
    const LogOptions defaults = dynamic ? *dynamic : log_defaults_;
    const Result<LogOptions> options = defaults.with(topic.configs);
    TopicSettings settings{.broker_defaults = broker_defaults_,
                           .configs = topic.configs,
                           .log_options = options ? *options : defaults};
    return topic_settings_.insert_or_assign(topic.name, std::move(settings))
        .first->second.log_options;
}

PartitionHost& BrokerReplicas::host_of(const TopicPartition& partition, const TopicImage& topic) {
    const auto found = partitions_.find(partition);
    if (found != partitions_.end()) return *found->second;
    Log* const log = open_log(partition, topic);
    Offset high_watermark{0};
    if (log != nullptr) {
        high_watermark = std::clamp(
            dependencies_.logs.checkpointed_high_watermark(partition).value_or(Offset(0)),
            log->log_start_offset(), log->log_end_offset());
    }
    auto host = std::make_unique<PartitionHost>(partition_surroundings_, partition, topic.id, log,
                                                high_watermark);
    waits_.row_of(partition).host = host.get();
    return *partitions_.emplace(partition, std::move(host)).first->second;
}

// The log found on disk, or a new one. Null where the disk refuses.
Log* BrokerReplicas::open_log(const TopicPartition& partition, const TopicImage& topic) {
    if (Log* const log = dependencies_.logs.find(partition)) {
        // A topic id that was lost with its file cannot tell; a different one is another topic.
        if (log->topic_id().is_zero() || log->topic_id() == topic.id) return log;
        remove_log(partition);
    }
    const auto created = dependencies_.logs.create(partition, topic.id, log_options_of(topic));
    if (created) return created->value;
    partition_surroundings_.on_storage_failure(partition, created.error());
    return nullptr;
}

void BrokerReplicas::release(const TopicPartition& partition) {
    const auto found = partitions_.find(partition);
    waits_.row_of(partition).host = nullptr;
    found->second->retire();
    proposals_.withdraw(partition);
    if (!found->second->is_gone()) retired_.push_back(std::move(found->second));
    partitions_.erase(found);
    if (dependencies_.logs.find(partition) != nullptr) remove_log(partition);
}

void BrokerReplicas::remove_log(const TopicPartition& partition) {
    ASSERT(partition.topic != metadata_topic, "the quorum's own log");
    const Offset end = dependencies_.logs.find(partition)->log_end_offset();
    // What cannot be removed now is found, and removed, at the next start.
    const Result<Duration> removed = dependencies_.logs.remove(partition);
    if (!removed) partition_surroundings_.on_storage_failure(partition, removed.error());
    dependencies_.node.emit(LogStartAdvanced{.broker = dependencies_.broker,
                                             .partition = partition,
                                             .to = end,
                                             .reason = "topic deleted",
                                             .wall_time = dependencies_.node.wall_now().ms()});
}

// Logs of topics that were deleted, or moved away, while the broker was down.
void BrokerReplicas::remove_strays() {
    for (const TopicPartition& partition : dependencies_.logs.partitions()) {
        if (partition.topic == metadata_topic || partitions_.contains(partition)) continue;
        remove_log(partition);
    }
}

void BrokerReplicas::direct_fetchers(const MetadataImage& image) {
    std::map<BrokerId, std::vector<PartitionHost*>> followed;
    for (const auto& [partition, host] : partitions_) {
        const BrokerId leader = host->followed_leader();
        if (leader != no_broker) followed[leader].push_back(host.get());
    }
    for (auto& [leader, partitions] : followed) {
        std::ranges::sort(partitions, {}, &PartitionHost::partition);
    }
    for (const auto& [leader, partitions] : followed) {
        auto& fetcher = fetchers_[leader];
        if (fetcher == nullptr) {
            fetcher = std::make_unique<FetcherHost>(fetcher_surroundings_, leader);
        }
    }
    for (const auto& [leader, fetcher] : fetchers_) {
        const BrokerImage* const broker = image.find_broker(leader);
        std::optional<Endpoint> endpoint;
        if (broker != nullptr) {
            endpoint = dependencies_.channels.resolve(broker->host, broker->port);
        }
        fetcher->follow(followed[leader], endpoint);
    }
}

// ---- from handlers and coordinators ----

PartitionHost* BrokerReplicas::find(const TopicPartition& partition) const {
    const auto found = partitions_.find(partition);
    return found == partitions_.end() ? nullptr : found->second.get();
}

ErrorCode BrokerReplicas::absence(const TopicPartition& partition) const {
    const auto topic = known_topics_.find(partition.topic);
    const bool exists = topic != known_topics_.end() && partition.partition >= 0 &&
                        static_cast<std::size_t>(partition.partition) < topic->second;
    return exists ? ErrorCode::not_leader_or_follower : ErrorCode::unknown_topic_or_partition;
}

void BrokerReplicas::append(const TopicPartition& partition, Bytes batch, std::int16_t acks,
                            AppendOrigin origin, std::optional<LeaderEpoch> required_epoch,
                            sim::Completer<AppendOutcome> completer, TransactionTerms terms) {
    PartitionHost* const host = find(partition);
    if (host == nullptr) return completer.complete({.error = absence(partition)});
    host->append(std::move(batch), acks, origin, required_epoch, std::move(completer), terms);
}

VerificationStart BrokerReplicas::begin_verification(const TopicPartition& partition,
                                                     ProducerId producer, ProducerEpoch epoch,
                                                     SequenceNumber first_sequence, bool adds) {
    PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->begin_verification(producer, epoch, first_sequence, adds);
}

ReplicaHost::ProducerDescriptions BrokerReplicas::describe_producers(
    const TopicPartition& partition) const {
    const PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->describe_producers();
}

FetchOutcome BrokerReplicas::fetch(const TopicPartition& partition, const FetchTarget& target) {
    PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->fetch(target);
}

std::unique_ptr<ReplicaHost::FetchWait> BrokerReplicas::wait_for_news(
    const std::vector<TopicPartition>& partitions, BrokerId replica, sim::Gate& gate) {
    return std::make_unique<PartitionWait>(waits_, partitions, replica != no_broker, gate);
}

std::unique_ptr<ReplicaHost::FetchWatch> BrokerReplicas::watch(BrokerId replica) {
    return std::make_unique<PartitionWatch>(waits_, absence_, replica != no_broker);
}

ReplicaHost::OffsetAnswer BrokerReplicas::list_offset(const TopicPartition& partition,
                                                      LeaderEpoch current_leader_epoch,
                                                      TimestampMs timestamp, bool read_committed,
                                                      BrokerId replica) {
    PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->list_offset(current_leader_epoch, timestamp, read_committed, replica);
}

ReplicaHost::LogContent BrokerReplicas::read_whole_log(const TopicPartition& partition,
                                                       LeaderEpoch epoch) {
    PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->read_whole_log(epoch);
}

ReplicaHost::RecordDeletion BrokerReplicas::delete_records(const TopicPartition& partition,
                                                           Offset up_to) {
    PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->delete_records(up_to);
}

ReplicaHost::RecordDeletion BrokerReplicas::deletion_of(const TopicPartition& partition,
                                                        Offset up_to) const {
    const PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->deletion_of(up_to);
}

ReplicaHost::EpochEnd BrokerReplicas::end_of_epoch(const TopicPartition& partition,
                                                   LeaderEpoch current_leader_epoch,
                                                   LeaderEpoch epoch) const {
    const PartitionHost* const host = find(partition);
    if (host == nullptr) return {.error = absence(partition)};
    return host->end_of_epoch(current_leader_epoch, epoch);
}

std::vector<ReadCandidate> BrokerReplicas::read_candidates(const TopicPartition& partition,
                                                           Offset offset) const {
    const PartitionHost* const host = find(partition);
    if (host == nullptr) return {};
    return host->read_candidates(offset);
}

std::vector<ReplicaHost::LogSize> BrokerReplicas::log_sizes() const {
    std::vector<LogSize> sizes;
    for (const auto& [partition, host] : partitions_) sizes.push_back(host->log_size());
    return sizes;
}

bool BrokerReplicas::is_leader(const TopicPartition& partition) const {
    const PartitionHost* const host = find(partition);
    return host != nullptr && host->is_leader();
}

std::optional<Offset> BrokerReplicas::high_watermark(const TopicPartition& partition) const {
    const PartitionHost* const host = find(partition);
    if (host == nullptr || host->is_offline()) return std::nullopt;
    return host->high_watermark();
}

// ---- by the clock ----

void BrokerReplicas::check_in_sync_sets() {
    for (const auto& [partition, host] : partitions_) host->check_in_sync_set();
}

void BrokerReplicas::checkpoint_high_watermarks() {
    // Before the first image nobody here knows more than the last checkpoint does.
    if (!has_image_) return;
    std::map<TopicPartition, Offset> high_watermarks;
    for (const auto& [partition, host] : partitions_) {
        if (!host->is_offline()) high_watermarks[partition] = host->high_watermark();
    }
    // One that fails leaves the older one: a start from it finds lower high watermarks, no more.
    static_cast<void>(dependencies_.logs.checkpoint_high_watermarks(high_watermarks));
}

}  // namespace

std::unique_ptr<ReplicaHost> make_replica_host(ReplicaOptions options,
                                               ReplicaHostDependencies dependencies) {
    return std::make_unique<BrokerReplicas>(options, std::move(dependencies));
}

}  // namespace squall::model
