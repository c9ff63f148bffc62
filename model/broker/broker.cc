#include "model/broker/broker.h"

#include <utility>

#include "model/broker/controller_server.h"
#include "model/broker/fetch_session_cache.h"
#include "model/broker/handlers/handlers.h"
#include "model/broker/own_directory.h"
#include "model/controller/broker_lifecycle_host.h"
#include "model/controller/controller_host.h"
#include "model/coordinator/coordinator_host.h"
#include "model/coordinator/producer_id_host.h"
#include "model/coordinator/transaction_host.h"
#include "model/events/replica_events.h"
#include "model/replica/replica_host.h"
#include "model/rpc/server.h"

namespace squall::model {
namespace {

ChannelOptions channel_options(const sim::Node& node) {
    return {.client_id = node.name()};
}

Uuid draw_uuid(sim::Node& node, std::string_view what) {
    Draws& draws = node.draws(what);
    const std::uint64_t high = draws.bits();
    const std::uint64_t low = draws.bits();
    return {high, low};
}

}  // namespace

Broker::Broker(sim::Node& node, BrokerIdentity identity, BrokerConfig config, Fabric fabric,
               sim::Disk& disk, const BugSet& bugs)
    : node_(node),
      identity_(std::move(identity)),
      config_(std::move(config)),
      fabric_(fabric),
      disk_(disk),
      bugs_(bugs),
      channels_(node, fabric, channel_options(node)),
      logs_(disk, config_.logs.log, &bugs) {
    node_.spawn("boot", [this] { boot(); });
}

Broker::~Broker() = default;

void Broker::boot() {
    const Result<Duration> checked = check_own_directory(node_, identity_.id, disk_);
    if (!checked) return halt(checked.error());
    Result<LogDirectory::Opened> opened = logs_.open_all();
    if (!opened) return halt(opened.error());
    had_earlier_life_ = !logs_.partitions().empty();
    node_.sleep_for(*checked + opened->cost);

    const Uuid incarnation_id = draw_uuid(node_, "incarnation id");
    node_.emit(BrokerStarted{
        .broker = identity_.id, .incarnation_id = incarnation_id, .clean = opened->was_clean});
    const LogOptions& log = config_.logs.log;
    node_.emit(BrokerConfigured{
        .broker = identity_.id,
        .cleanup_policy = to_string(log.cleanup_policy),
        .retention_ms = log.retention_ms.count(),
        .retention_bytes = log.retention_bytes,
        .unclean_leader_election = config_.controller.unclean_leader_election_enable,
        .transaction_abort_interval = config_.transactions.abort_timed_out_interval});
    if (identity_.is_controller) {
        controller_ =
            std::make_unique<ControllerHost>(node_, identity_.id, config_.controller, config_.raft,
                                             channels_, logs_, disk_, &bugs_, config_.chronicle);
        metadata_ = std::make_unique<MetadataObserverHost>(node_, identity_.id, config_.raft,
                                                           controller_->raft());
    } else {
        metadata_ = std::make_unique<MetadataObserverHost>(node_, identity_.id, config_.raft,
                                                           channels_, logs_, disk_);
    }
    lifecycle_ = std::make_unique<BrokerLifecycleHost>(
        node_,
        BrokerRegistration{.id = identity_.id,
                           .incarnation_id = incarnation_id,
                           .cluster_id = config_.cluster_id,
                           .host = node_.name(),
                           .port = port,
                           .rack = identity_.rack,
                           .previous_broker_epoch = opened->previous_broker_epoch},
        config_.lifecycle, channels_, *metadata_);
    replicas_ = make_replica_host(
        config_.replica,
        ReplicaHostDependencies{.node = node_,
                                .broker = identity_.id,
                                .logs = logs_,
                                .opened = *opened,
                                .log_defaults = config_.logs.log,
                                .channels = channels_,
                                .bugs = bugs_,
                                .broker_epoch = [this] { return lifecycle_->broker_epoch(); },
                                .controller = [this] { return metadata_->controller(); },
                                .on_storage_failure = [this](const TopicPartition&,
                                                             const Error& error) { halt(error); }});
    fetch_sessions_ = std::make_unique<FetchSessionCache>(config_.fetch_sessions,
                                                          node_.draws("fetch session ids"));
    groups_ = std::make_unique<CoordinatorHost>(
        node_, identity_.id, config_.groups, *replicas_, &bugs_,
        [this]() -> const MetadataImage& { return metadata_->image(); });
    producer_ids_ = std::make_unique<ProducerIdHost>(
        node_, identity_.id, channels_, [this] { return metadata_->controller(); },
        [this] { return lifecycle_->broker_epoch(); });
    transactions_ = std::make_unique<TransactionHost>(
        config_.transactions,
        TransactionHostDependencies{
            .node = node_,
            .broker = identity_.id,
            .replicas = *replicas_,
            .producer_ids = *producer_ids_,
            .bugs = bugs_,
            .image = [this]() -> const MetadataImage& { return metadata_->image(); },
            .write_markers =
                [this](BrokerId leader, WriteTxnMarkersRequest request) {
                    return write_markers(leader, std::move(request));
                }});
    metadata_->on_image([this](const MetadataImage& image) {
        if (image.feature_level(feature::metadata_version) > 0) {
            for (auto& waiter : std::exchange(metadata_waiters_, {})) waiter.complete(Unit{});
        }
        if (knows_this_process(image)) replicas_->apply(image);
    });

    if (controller_) {
        controller_->start();
        controller_server_ = std::make_unique<ControllerServer>(node_, fabric_, *controller_);
    }
    metadata_->start();
    lifecycle_->start();
    server_ = std::make_unique<Server>(node_, fabric_, port,
                                       [this](Message& request, const RequestContext& context) {
                                           return dispatch(BrokerApis{}, *this, request, context);
                                       });
    lifecycle_->set_ready();
}

Result<WriteTxnMarkersResponse> Broker::write_markers(BrokerId leader,
                                                      WriteTxnMarkersRequest request) {
    if (leader == identity_.id) return handle(*this, request, RequestContext{});
    return call_broker(leader, "transaction_markers", std::move(request));
}

// An image from before this process registered may lack topics whose logs are here, or still name
// it as leader in an epoch of its last life: only from its own registration on does it follow the
// image.
bool Broker::knows_this_process(const MetadataImage& image) const {
    const BrokerImage* const self = image.find_broker(identity_.id);
    return self != nullptr && lifecycle_->is_registered() &&
           self->epoch == lifecycle_->broker_epoch();
}

bool Broker::begin_shutdown() {
    if (lifecycle_ == nullptr || !lifecycle_->is_registered()) return false;
    lifecycle_->begin_controlled_shutdown([this] { shut_down(); });
    return true;
}

// Flushes take their time first; what is appended meanwhile is flushed, and vouched for by the
// marker, in one step that nobody comes between.
void Broker::shut_down() {
    if (controller_) controller_->raft().resign();
    for (const bool is_last_round : {false, true}) {
        Duration cost{};
        for (const TopicPartition& partition : logs_.partitions()) {
            const Result<Duration> flushed = logs_.find(partition)->flush();
            if (!flushed) return halt(flushed.error());
            cost += *flushed;
        }
        if (!is_last_round) node_.sleep_for(cost);
    }
    replicas_->checkpoint_high_watermarks();
    const Result<Duration> marked = logs_.mark_clean_shutdown(lifecycle_->broker_epoch());
    if (!marked) return halt(marked.error());
    node_.die_at_next_park(sim::StopReason::shutdown);
}

// A broker whose only log directory failed cannot serve anything: it stops, as Kafka's does.
void Broker::halt(const Error&) {
    node_.die_at_next_park(sim::StopReason::crash);
}

void Broker::await_metadata() {
    while (image().feature_level(feature::metadata_version) == 0) {
        sim::Completion<Unit> loaded(node_);
        metadata_waiters_.push_back(loaded.completer());
        if (!loaded.await()) return;
    }
}

void Broker::await_replay() {
    while (had_earlier_life_ && !knows_this_process(image())) {
        sim::Completion<Unit> loaded(node_);
        metadata_waiters_.push_back(loaded.completer());
        if (!loaded.await()) return;
    }
}

void Broker::auto_create_topic(std::string_view name) {
    const auto [creation, is_new] = being_created_.emplace(name);
    if (!is_new) return;
    CreateTopicsRequest request;
    CreateTopicsRequest::Topic& topic = request.topics.emplace_back();
    topic.name = *creation;
    topic.num_partitions = -1;  // the controller's defaults
    topic.replication_factor = -1;
    if (name == offsets_topic) {
        topic.num_partitions = config_.groups.offsets_topic_num_partitions;
        topic.replication_factor = config_.groups.offsets_topic_replication_factor;
        topic.configs = {{"cleanup.policy", "compact"},
                         {"compression.type", "producer"},
                         {"segment.bytes", "104857600"}};
    } else if (name == transaction_topic) {
        topic.num_partitions = config_.transactions.state_topic_num_partitions;
        topic.replication_factor = config_.transactions.state_topic_replication_factor;
        topic.configs = {
            {"cleanup.policy", "compact"},
            {"compression.type", "producer"},
            {"min.insync.replicas", std::to_string(config_.transactions.state_topic_min_isr)},
            {"segment.bytes", "104857600"},
            {"unclean.leader.election.enable", "false"}};
    }
    node_.spawn("auto-create", [this, request] {
        // However it ends, whoever still misses the topic asks again.
        const Result<CreateTopicsResponse> answer = forward(request);
        if (!answer) node_.sleep_for(config_.auto_create_retry_backoff);
        being_created_.erase(request.topics.front().name);
    });
}

}  // namespace squall::model
