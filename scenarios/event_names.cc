#include "scenarios/event_names.h"

#include <algorithm>

#include "model/events/application_events.h"
#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/group_events.h"
#include "model/events/ledger_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "model/events/table_events.h"
#include "model/events/transaction_events.h"
#include "scenarios/scenario_file.h"
#include "sim/base/assert.h"
#include "sim/trace/sim_events.h"

namespace squall::scenarios {
namespace {

template <class T>
EventName name_of() {
    const T sample{};
    EventName entry{.name = std::string(T::event_name), .fields = {}};
    for (const sim::FieldText& field : sim::event_kind<T>.fields(&sample)) {
        entry.fields.push_back(field.name);
    }
    return entry;
}

template <class... Kinds>
std::vector<EventName> names_of() {
    std::vector<EventName> names{name_of<Kinds>()...};
    std::ranges::sort(names, {}, &EventName::name);
    return names;
}

const EventName* find_event(std::string_view name) {
    const auto found = std::ranges::find(event_names(), name, &EventName::name);
    return found == event_names().end() ? nullptr : &*found;
}

}  // namespace

const std::vector<EventName>& event_names() {
    static const std::vector<EventName> names = names_of<
        sim::NodeStarted, sim::NodeStopped, sim::NodePaused, sim::NodeResumed, sim::ClockChanged,
        sim::ConnectionOpened, sim::ConnectionClosed, sim::FrameSent, sim::FrameDelivered,
        sim::FrameLost, sim::FrameDisturbed, sim::ConnectFailed, sim::DiskFaultHit,
        sim::FaultStarted, sim::FaultHealed, sim::CalmBegan, model::MishapHit,
        model::ProducerConfigured, model::ConsumerConfigured, model::SendInvoked,
        model::SendCompleted, model::ProduceRetried, model::AssignmentChanged, model::PositionSet,
        model::RecordsPolled, model::RecordHandled, model::CommitInvoked, model::CommitCompleted,
        model::DeleteRecordsInvoked, model::ElectLeadersInvoked, model::AdminCompleted,
        model::ControllerActivated, model::ControllerDeposed, model::ControllerReplayed,
        model::TopicCreated, model::PartitionChanged, model::BrokerRegistered,
        model::BrokerFenceChanged, model::BrokerShutdownBegan, model::TopicDeleted,
        model::ConfigChanged, model::BrokerUnregistered, model::FeatureLevelChanged,
        model::CoordinatorChanged, model::GroupStateChanged, model::MemberRemoved,
        model::MemberReconciled, model::GroupConverted, model::OffsetCommitted, model::RaftStarted,
        model::RaftVotersChanged, model::RaftRoleChanged, model::RaftVoteGranted,
        model::RaftAppended, model::RaftTruncated, model::RaftSnapshotTaken,
        model::RaftSnapshotLoaded, model::RaftCommitted, model::RaftHalted, model::MetadataApplied,
        model::BrokerStarted, model::BrokerConfigured, model::LogOpened, model::RoleTaken,
        model::BatchAppended, model::LogTruncated, model::HighWatermarkAdvanced,
        model::IsrChangeProposed, model::FetchServed, model::OffsetListed, model::LogStartAdvanced,
        model::LogCleaned, model::AuditedBatch, model::AuditedLog, model::ProducerIdentified,
        model::ProducerFailed, model::TransactionBegan, model::TransactionOffsetsInvoked,
        model::TransactionOffsetsCompleted, model::TransactionEndInvoked,
        model::TransactionEndCompleted, model::DuplicateAnswered, model::NumberedBatchRefused,
        model::MarkerAppended, model::LastStableOffsetMoved, model::TransactionStateChanged,
        model::TransactionLoaded, model::PartitionVerified, model::PendingOffsetStored,
        model::PendingOffsetsResolved, model::KeyWritten, model::LedgerOpened,
        model::BusinessEventAccepted, model::BusinessEventWithdrawn, model::EffectApplied,
        model::BusinessEventParked, model::ConsumerFailed>();
    return names;
}

std::optional<std::string> problem_of_event(std::string_view name) {
    if (find_event(name) != nullptr) return std::nullopt;
    std::vector<std::string> known;
    for (const EventName& entry : event_names()) known.push_back(entry.name);
    return fmt::format("unknown event '{}'{}", name, suggestion(name, known));
}

std::optional<std::string> problem_of_field(std::string_view event, std::string_view field) {
    const EventName* const entry = find_event(event);
    ASSERT(entry != nullptr, "'{}' is no event", event);
    if (std::ranges::find(entry->fields, field) != entry->fields.end()) return std::nullopt;
    return fmt::format("{} has no field '{}'{}", event, field, suggestion(field, entry->fields));
}

}  // namespace squall::scenarios
