#include "model/controller/controller_host.h"

#include <algorithm>
#include <utility>

#include "model/controller/refused.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

Bytes batch_of(const std::vector<MetadataRecord>& records, TimestampMs now) {
    BatchBuilder builder;
    for (const MetadataRecord& record : records) {
        const Bytes value = encode_record(record);
        builder.append(now, std::nullopt, ByteView(value));
    }
    return builder.finish();
}

std::string name_of_resource(const ConfigRecord& config) {
    if (config.resource_type == ConfigRecord::topic_resource) {
        return "topic " + config.resource_name;
    }
    return config.resource_name.empty() ? "all brokers" : "broker " + config.resource_name;
}

std::vector<Setting> settings_of(const TopicImage& topic) {
    std::vector<Setting> settings;
    for (const auto& [name, value] : topic.configs) settings.push_back({name, value});
    return settings;
}

const TopicImage& topic_by_id(const MetadataImage& image, const Uuid& id) {
    const TopicImage* topic = image.find_topic(id);
    ASSERT(topic != nullptr, "no topic {}", id);
    return *topic;
}

}  // namespace

ControllerHost::ControllerHost(sim::Node& node, BrokerId self, ControllerOptions options,
                               const RaftOptions& raft_options, ChannelPool& channels,
                               LogDirectory& logs, sim::Disk& disk, const BugSet* bugs,
                               std::shared_ptr<MetadataChronicle> chronicle)
    : node_(node),
      self_(self),
      options_(options),
      bugs_(bugs),
      chronicle_(std::move(chronicle)),
      replicas_(options, bugs),
      cluster_(options, bugs),
      features_(options),
      administration_(options, bugs),
      sessions_(options.broker_session_timeout),
      attention_(node),
      raft_(node, self, raft_options, channels, logs, disk, *this, bugs),
      loader_(node, raft_options, raft_) {}

void ControllerHost::start() {
    raft_.start();
    node_.spawn("controller_host", [this] { run_timers(); });
}

// ---- with the log ----

void ControllerHost::on_committed() {
    if (!active_) {
        catch_up();
        tell_replayed();
        loader_.snapshot_if_due(image_);
        maybe_activate();
        return;
    }
    while (!pending_.empty() && is_committed(pending_.front())) {
        Pending done = std::move(pending_.front());
        pending_.pop_front();
        if (chronicle_ && done.batch) chronicle_->note(done.batch->base_offset, done.batch->epoch);
        emit(done.events);
        done.committed.complete(true);
    }
    if (!pending_.empty() || !raft_.is_leader()) return;
    tell_replayed();
    loader_.snapshot_if_due(image_);
}

void ControllerHost::catch_up() {
    const bool changed =
        loader_.catch_up(image_, [this](MetadataImage& image, const MetadataBatch& batch) {
            ASSERT(&image == &image_, "another image than the controller's");
            if (!chronicle_ || chronicle_->was_told(batch.base_offset, batch.epoch)) {
                return apply_batch(image_, batch);
            }
            const auto events = apply_and_describe(batch.base_offset, batch.records, "inherited");
            if (events.empty()) return;
            chronicle_->note(batch.base_offset, batch.epoch);
            emit(events);
        });
    if (changed) digest_.reset();
}

void ControllerHost::tell_replayed() {
    if (told_ == image_.next_offset) return;
    told_ = image_.next_offset;
    if (!digest_) digest_ = image_.digest();
    node_.emit(
        ControllerReplayed{.controller = self_, .offset = image_.next_offset, .digest = *digest_});
}

void ControllerHost::on_leadership() {
    if (active_ && must_stand_down()) resign_activity();
    maybe_activate();
    attention_.open();
}

bool ControllerHost::must_stand_down() const {
    const bool deposed = !raft_.is_leader();
    if (bugs_ == nullptr) return deposed;
    return bugs_->deviate(Bug::z33_zombie_controller, deposed, false);
}

bool ControllerHost::is_committed(const Pending& pending) const {
    // Who is deposed and was not told yet does not learn what became of what it wrote. A controller
    // in office without the quorum (Z33) has nobody to wait for.
    if (!raft_.is_leader()) return !must_stand_down();
    return pending.last_offset < raft_.high_watermark();
}

void ControllerHost::maybe_activate() {
    if (active_ || !raft_.is_leader()) return;
    if (raft_.high_watermark() <= raft_.epoch_start()) return;
    ASSERT(image_.next_offset == raft_.high_watermark(), "replayed {} of {} committed",
           image_.next_offset, raft_.high_watermark());
    active_ = true;
    node_.emit(ControllerActivated{
        .controller = self_, .epoch = raft_.epoch(), .replayed = image_.next_offset});
    const LocalTime now = node_.now();
    sessions_ = BrokerSessions(options_.broker_session_timeout);
    sessions_.begin(image_, now);
    idle_since_ = now;
    balance_due_ = now + options_.leader_imbalance_check_interval;
    unclean_due_ = now + options_.unclean_leader_election_interval;
    bootstrap_if_new();
    attention_.open();
}

// No metadata is written before a metadata.version: a log without one is that of a new cluster.
void ControllerHost::bootstrap_if_new() {
    if (image_.feature_level(feature::metadata_version) > 0) return;
    ASSERT(image_.brokers.empty() && image_.topics.empty(), "metadata without a metadata.version");
    carry_through(features_.bootstrap(), "bootstrap");
}

void ControllerHost::resign_activity() {
    active_ = false;
    std::deque<Pending> waiting = std::exchange(pending_, {});
    node_.emit(ControllerDeposed{.controller = self_,
                                 .epoch = raft_.epoch(),
                                 .unanswered = static_cast<std::int64_t>(waiting.size())});
    for (Pending& pending : waiting) pending.committed.complete(false);
    image_ = {};
    catch_up();
    digest_.reset();
    told_ = no_offset;
    tell_replayed();
}

std::optional<raft::BatchSpan> ControllerHost::append(const std::vector<MetadataRecord>& records) {
    const auto count = static_cast<std::int32_t>(records.size());
    Bytes batch = batch_of(records, node_.wall_now().ms());
    loader_.note_applied(std::ssize(batch));
    auto span = raft_.propose(std::move(batch), count);
    if (span || must_stand_down()) return span;
    // What Z33 does: the offsets are those it believes in, the log is somebody else's.
    return raft::BatchSpan{.base_offset = image_.next_offset,
                           .last_offset = image_.next_offset + count - 1,
                           .epoch = raft_.epoch()};
}

bool ControllerHost::write(const std::vector<MetadataRecord>& records, const std::string& reason,
                           sim::Completer<bool> committed) {
    if (!active_) return false;
    Pending pending{.last_offset = raft_.log_end() - 1,
                    .batch = std::nullopt,
                    .events = {},
                    .committed = std::move(committed)};
    if (!records.empty()) {
        const std::optional<raft::BatchSpan> span = append(records);
        if (!span) return false;
        ASSERT(span->base_offset >= image_.next_offset, "a batch at {} after {} was applied",
               span->base_offset, image_.next_offset);
        pending.events = apply_and_describe(span->base_offset, records, reason);
        if (!pending.events.empty()) pending.batch = span;
        pending.last_offset = span->last_offset;
        idle_since_ = node_.now();
        attention_.open();
    }
    pending_.push_back(std::move(pending));
    // With nothing in flight below it there is nothing to wait for.
    on_committed();
    return true;
}

template <class Response>
Response ControllerHost::carry_through(Decision<Response> decision, Response not_controller) {
    sim::Completion<bool> committed(node_);
    if (!write(decision.records, decision.reason, committed.completer())) return not_controller;
    const std::optional<bool> outcome = committed.await();
    return outcome && *outcome ? std::move(decision.response) : std::move(not_controller);
}

void ControllerHost::carry_through(const std::vector<MetadataRecord>& records,
                                   const std::string& reason) {
    if (!records.empty()) write(records, reason, {});
}

// ---- the trace ----

std::vector<ControllerHost::ControllerEvent> ControllerHost::apply_and_describe(
    Offset base_offset, const std::vector<MetadataRecord>& records, const std::string& reason) {
    std::vector<ControllerEvent> events;
    describe_topics(records, events);
    Offset offset = base_offset;
    for (const MetadataRecord& record : records) {
        const Replaced before = replaced_by(record);
        apply(image_, offset, record);
        if (!std::holds_alternative<NoOpRecord>(record)) digest_.reset();
        describe(record, before, reason, events);
        offset = offset.next();
    }
    return events;
}

void ControllerHost::emit(const std::vector<ControllerEvent>& events) {
    for (const ControllerEvent& event : events) {
        std::visit([&](const auto& payload) { node_.emit(payload); }, event);
    }
}

void ControllerHost::describe_topics(const std::vector<MetadataRecord>& records,
                                     std::vector<ControllerEvent>& events) const {
    for (const MetadataRecord& record : records) {
        const auto* topic = std::get_if<TopicRecord>(&record);
        if (topic == nullptr) continue;
        TopicImage image{topic->name, topic->topic_id, {}, {}};
        std::int32_t partitions = 0;
        std::int32_t replication_factor = 0;
        for (const MetadataRecord& other : records) {
            if (const auto* config = std::get_if<ConfigRecord>(&other)) {
                if (config->resource_name == topic->name && config->value) {
                    image.configs[config->name] = *config->value;
                }
            } else if (const auto* partition = std::get_if<PartitionRecord>(&other)) {
                if (partition->topic_id != topic->topic_id) continue;
                ++partitions;
                replication_factor = static_cast<std::int32_t>(partition->replicas.size());
            }
        }
        events.push_back(TopicCreated{
            .topic = topic->name,
            .topic_id = topic->topic_id,
            .partitions = partitions,
            .replication_factor = replication_factor,
            .min_insync_replicas = replicas_.min_insync_replicas(image_, image),
            .unclean_leader_election = replicas_.allows_unclean_election(image_, image),
            .settings = settings_of(image)});
    }
}

ControllerHost::Replaced ControllerHost::replaced_by(const MetadataRecord& record) const {
    if (const auto* change = std::get_if<PartitionChangeRecord>(&record)) {
        const TopicImage& topic = topic_by_id(image_, change->topic_id);
        return {.topic = topic.name,
                .partition = topic.partitions[static_cast<std::size_t>(change->partition_id)]};
    }
    if (const auto* removed = std::get_if<RemoveTopicRecord>(&record)) {
        return {.topic = topic_by_id(image_, removed->topic_id).name, .partition = {}};
    }
    return {};
}

void ControllerHost::describe(const MetadataRecord& record, const Replaced& before,
                              const std::string& reason,
                              std::vector<ControllerEvent>& events) const {
    const auto partition_changed = [&](const Uuid& topic_id, std::int32_t index, bool unclean) {
        const TopicImage& topic = topic_by_id(image_, topic_id);
        const PartitionImage& partition = topic.partitions[static_cast<std::size_t>(index)];
        events.push_back(
            PartitionChanged{.partition = {topic.name, index},
                             .leader = partition.leader,
                             .leader_epoch = partition.leader_epoch,
                             .partition_epoch = partition.partition_epoch,
                             .replicas = partition.replicas,
                             .isr = partition.isr,
                             .eligible_leader_replicas = partition.eligible_leader_replicas,
                             .unclean = unclean,
                             .recovering = partition.recovering,
                             .reason = reason});
    };
    if (const auto* created = std::get_if<PartitionRecord>(&record)) {
        partition_changed(created->topic_id, created->partition_id, false);
    } else if (const auto* change = std::get_if<PartitionChangeRecord>(&record)) {
        const PartitionImage& was = before.partition;
        const bool elects = change->leader != PartitionChangeRecord::no_leader_change &&
                            change->leader != no_broker && change->leader != was.leader;
        const bool unclean = elects && !contains(was.isr, change->leader) &&
                             !contains(was.eligible_leader_replicas, change->leader) &&
                             !contains(was.adding_replicas, change->leader);
        partition_changed(change->topic_id, change->partition_id, unclean);
    } else if (const auto* registered = std::get_if<RegisterBrokerRecord>(&record)) {
        events.push_back(BrokerRegistered{.broker = registered->broker_id,
                                          .broker_epoch = registered->broker_epoch,
                                          .incarnation_id = registered->incarnation_id});
    } else if (const auto* flags = std::get_if<BrokerRegistrationChangeRecord>(&record)) {
        if (flags->in_controlled_shutdown == FlagChange::set) {
            events.push_back(BrokerShutdownBegan{.broker = flags->broker_id,
                                                 .broker_epoch = flags->broker_epoch});
        }
        if (flags->fenced == FlagChange::keep) return;
        events.push_back(BrokerFenceChanged{.broker = flags->broker_id,
                                            .broker_epoch = flags->broker_epoch,
                                            .fenced = flags->fenced == FlagChange::set});
    } else if (const auto* left = std::get_if<UnregisterBrokerRecord>(&record)) {
        events.push_back(
            BrokerUnregistered{.broker = left->broker_id, .broker_epoch = left->broker_epoch});
    } else if (const auto* removed = std::get_if<RemoveTopicRecord>(&record)) {
        events.push_back(TopicDeleted{.topic = before.topic, .topic_id = removed->topic_id});
    } else if (const auto* feature = std::get_if<FeatureLevelRecord>(&record)) {
        events.push_back(FeatureLevelChanged{
            .feature = feature->name, .level = feature->feature_level, .reason = reason});
    } else if (const auto* config = std::get_if<ConfigRecord>(&record)) {
        // Those that a topic, or the cluster, is created with are no changes.
        if (reason == "created" || reason == "bootstrap") return;
        events.push_back(ConfigChanged{.resource = name_of_resource(*config),
                                       .setting = config->name,
                                       .value = config->value.value_or(""),
                                       .is_default = !config->value});
    }
}

// ---- requests ----

BrokerRegistrationResponse ControllerHost::handle(const BrokerRegistrationRequest& request) {
    BrokerRegistrationResponse not_controller;
    not_controller.error_code = ErrorCode::not_controller;
    if (!active_) return not_controller;
    const LocalTime now = node_.now();
    auto decision = cluster_.register_broker(image_, sessions_, request, raft_.log_end(), now);
    if (decision.response.error_code == ErrorCode::none) {
        sessions_.touch(request.broker_id, decision.response.broker_epoch, now);
    }
    return carry_through(std::move(decision), std::move(not_controller));
}

BrokerHeartbeatResponse ControllerHost::handle(const BrokerHeartbeatRequest& request) {
    BrokerHeartbeatResponse not_controller;
    not_controller.error_code = ErrorCode::not_controller;
    if (!active_) return not_controller;
    auto decision = cluster_.heartbeat(image_, sessions_, request);
    if (decision.response.error_code != ErrorCode::none) return decision.response;
    sim::Completion<bool> committed(node_);
    if (!write(decision.records, decision.reason, committed.completer())) return not_controller;
    ClusterControl::observe(sessions_, request, image_, raft_.log_end(), node_.now());
    const std::optional<bool> outcome = committed.await();
    return outcome && *outcome ? decision.response : not_controller;
}

CreateTopicsResponse ControllerHost::handle(const CreateTopicsRequest& request) {
    CreateTopicsResponse not_controller =
        refused(request, {ErrorCode::not_controller, "The active controller is another one."});
    if (!active_) return not_controller;
    const std::uint64_t entropy = node_.draws("topic ids").bits();
    return carry_through(replicas_.create_topics(image_, request, entropy),
                         std::move(not_controller));
}

AlterPartitionResponse ControllerHost::handle(const AlterPartitionRequest& request) {
    AlterPartitionResponse not_controller;
    not_controller.error_code = ErrorCode::not_controller;
    if (!active_) return not_controller;
    return carry_through(replicas_.alter_partition(image_, request), std::move(not_controller));
}

template <class Request>
typename Request::Response ControllerHost::administer(const Request& request) {
    auto not_controller =
        refused(request, {ErrorCode::not_controller, "The active controller is another one."});
    if (!active_) return not_controller;
    return carry_through(administration_.decide(image_, request), std::move(not_controller));
}

CreatePartitionsResponse ControllerHost::handle(const CreatePartitionsRequest& request) {
    CreatePartitionsResponse not_controller =
        refused(request, {ErrorCode::not_controller, "The active controller is another one."});
    if (!active_) return not_controller;
    const std::uint64_t entropy = node_.draws("partitions").bits();
    return carry_through(administration_.decide(image_, request, entropy),
                         std::move(not_controller));
}

DeleteTopicsResponse ControllerHost::handle(const DeleteTopicsRequest& request) {
    return administer(request);
}
IncrementalAlterConfigsResponse ControllerHost::handle(
    const IncrementalAlterConfigsRequest& request) {
    return administer(request);
}
AlterConfigsResponse ControllerHost::handle(const AlterConfigsRequest& request) {
    return administer(request);
}
ElectLeadersResponse ControllerHost::handle(const ElectLeadersRequest& request) {
    return administer(request);
}
AlterPartitionReassignmentsResponse ControllerHost::handle(
    const AlterPartitionReassignmentsRequest& request) {
    return administer(request);
}
ListPartitionReassignmentsResponse ControllerHost::handle(
    const ListPartitionReassignmentsRequest& request) {
    return administer(request);
}
UnregisterBrokerResponse ControllerHost::handle(const UnregisterBrokerRequest& request) {
    return administer(request);
}
AllocateProducerIdsResponse ControllerHost::handle(const AllocateProducerIdsRequest& request) {
    return administer(request);
}
UpdateFeaturesResponse ControllerHost::handle(const UpdateFeaturesRequest& request) {
    return administer(request);
}

// ---- time ----

LocalTime ControllerHost::next_due() const {
    // Who no longer leads and was not told yet can write nothing.
    if (!active_ || must_stand_down()) return LocalTime::max();
    LocalTime due = sessions_.next_expiry(image_);
    if (options_.metadata_max_idle_interval.count() > 0) {
        due = std::min(due, idle_since_ + options_.metadata_max_idle_interval);
    }
    if (options_.auto_leader_rebalance_enable) due = std::min(due, balance_due_);
    return std::min(due, unclean_due_);
}

void ControllerHost::run_timers() {
    while (true) {
        attention_.wait_until(next_due());
        attention_.close();
        if (next_due() > node_.now()) continue;
        run_due();
        ASSERT(next_due() > node_.now(), "something of the controller stays due");
    }
}

void ControllerHost::run_due() {
    const LocalTime now = node_.now();
    for (const BrokerId broker : sessions_.expired(image_, now)) {
        carry_through(cluster_.fence(image_, broker), "broker fenced");
        if (!active_) return;
    }
    if (options_.auto_leader_rebalance_enable && now >= balance_due_) {
        balance_due_ = now + options_.leader_imbalance_check_interval;
        carry_through(replicas_.balance_leaders(image_), "preferred leader");
    }
    if (now >= unclean_due_) {
        unclean_due_ = now + options_.unclean_leader_election_interval;
        carry_through(replicas_.elect_uncleanly(image_), "unclean election");
    }
    const Duration idle = options_.metadata_max_idle_interval;
    if (idle > Duration::zero() && now >= idle_since_ + idle) {
        carry_through({NoOpRecord{}}, "idle");
    }
}

}  // namespace squall::model
