#include "tests/exhaustive/replication_world.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "model/replica/fetch_rules.h"
#include "sim/base/assert.h"

namespace squall::exhaustive {

namespace {

using checkers::invariants::Entry;
using namespace model;

const TopicPartition partition{"orders", 0};
constexpr Uuid topic_id{.high = 1, .low = 1};

BrokerId id_of(int broker) {
    return BrokerId{broker + 1};
}
int broker_of(BrokerId id) {
    return id.value() - 1;
}

// The controller's log is as long as it likes: how far it is written says nothing here.
struct WithoutOffsets {
    template <class Key, class T>
    static bool field(Key&, std::string_view name, const T&) {
        return name == "next_offset";
    }
};

std::string text_of(const std::vector<Entry>& records) {
    std::string text;
    for (const Entry& record : records)
        text += fmt::format(" m{}(e{})", record.value, record.epoch);
    return text.empty() ? " nothing" : text;
}

std::string text_of(const std::vector<BrokerId>& brokers) {
    std::string text;
    for (const BrokerId broker : brokers)
        text += fmt::format("{}{}", text.empty() ? "" : ",", broker);
    return "{" + text + "}";
}

ControllerOptions options_of(const ReplicationBounds& bounds) {
    return {.default_replication_factor = ReplicationWorld::replicas,
            .min_insync_replicas = bounds.min_insync_replicas};
}

}  // namespace

ReplicationWorld::ReplicationWorld(ReplicationBounds bounds, const BugSet* bugs)
    : bounds_(bounds),
      bugs_(bugs),
      cluster_control_(options_of(bounds), bugs),
      replica_control_(options_of(bounds), bugs) {
    ASSERT(bounds.leader_changes < epochs_max && bounds.records <= records_max &&
               bounds.unreplayed < views_max,
           "bounds beyond what a state can say");
    invariants_ = {{"one leader per leader epoch", &ReplicationWorld::has_one_leader_per_epoch},
                   {"leader in ISR", &ReplicationWorld::has_leader_in_isr},
                   {"log matching", &ReplicationWorld::has_matching_logs},
                   {"StrongIsr, ValidHighWatermark", &ReplicationWorld::has_strong_isr},
                   {"acknowledged records are kept", &ReplicationWorld::keeps_acknowledged_records},
                   {"assertion of a decider", &ReplicationWorld::is_free_of_failures}};
}

// ---- what a broker knows of itself ----

const PartitionLeader* ReplicationWorld::Broker::leader() const {
    return std::get_if<PartitionLeader>(&role);
}
const PartitionFollower* ReplicationWorld::Broker::follower() const {
    return std::get_if<PartitionFollower>(&role);
}
LeaderEpoch ReplicationWorld::Broker::leader_epoch() const {
    if (leader() != nullptr) return leader()->leader_epoch();
    return follower() != nullptr ? follower()->leader_epoch() : no_leader_epoch;
}
Offset ReplicationWorld::Broker::high_watermark() const {
    if (leader() != nullptr) return leader()->high_watermark();
    if (follower() != nullptr) return follower()->high_watermark();
    return std::get<NoRole>(role).high_watermark;
}
Offset ReplicationWorld::Broker::log_end() const {
    return Offset{static_cast<std::int64_t>(log.size())};
}

// ---- numbers ----

std::uint32_t ReplicationWorld::number_of(Broker broker) {
    KeyWriter<WithoutOffsets> key;
    key.value(broker.self);
    key.value(broker.is_up);
    key.value(broker.epoch);
    key.value(static_cast<std::uint64_t>(broker.role.index()));
    key.value(broker.high_watermark());
    if (broker.leader() != nullptr) key.value(*broker.leader());
    if (broker.follower() != nullptr) key.value(*broker.follower());
    key.value(static_cast<std::uint64_t>(broker.log.size()));
    for (const Entry& entry : broker.log) {
        key.value(entry.epoch);
        key.value(entry.value);
    }
    key.value(broker.epochs);
    key.value(broker.lags);
    return brokers_.number_of(std::move(key).key(), std::move(broker));
}

std::uint16_t ReplicationWorld::number_of(MetadataImage image) {
    KeyWriter<WithoutOffsets> key;
    key.value(image);
    const std::uint32_t number = views_.number_of(std::move(key).key(), std::move(image));
    ASSERT(number < 0xffff, "more metadata than a state can name");
    return static_cast<std::uint16_t>(number + 1);
}

std::uint16_t ReplicationWorld::number_of(Fetch fetch) {
    std::string key =
        fmt::format("{} {} {} {} {} {} {}", fetch.follower, fetch.leader, fetch.broker_epoch,
                    fetch.asked.current_leader_epoch, fetch.asked.fetch_offset,
                    fetch.asked.last_fetched_epoch, fetch.is_answered);
    if (fetch.is_answered) {
        key += fmt::format(" {} {} {}{}", to_string(fetch.error), fetch.high_watermark,
                           fetch.leader_end, text_of(fetch.records));
        if (fetch.diverging) {
            key += fmt::format(" / {} {}", fetch.diverging->offset, fetch.diverging->epoch);
        }
    }
    const std::uint32_t number = fetches_.number_of(std::move(key), std::move(fetch));
    ASSERT(number < 0xffff, "more distinct fetches than a state can name");
    return static_cast<std::uint16_t>(number + 1);
}

std::uint16_t ReplicationWorld::number_of(Alter alter) {
    KeyWriter<WithoutOffsets> key;
    key.value(alter.leader);
    key.value(alter.broker_epoch);
    key.value(alter.proposal);
    key.value(alter.is_answered);
    key.value(alter.error);
    key.value(alter.leader_epoch);
    key.value(alter.isr);
    key.value(alter.partition_epoch);
    const std::uint32_t number = alters_.number_of(std::move(key).key(), std::move(alter));
    ASSERT(number < 0xffff, "more distinct proposals than a state can name");
    return static_cast<std::uint16_t>(number + 1);
}

std::uint8_t ReplicationWorld::note_failure(const std::string& text) {
    failures_.push_back(text);
    return static_cast<std::uint8_t>(std::min<std::size_t>(failures_.size(), 255));
}

const PartitionImage& ReplicationWorld::partition_of(std::uint16_t view) const {
    return *image_of(view).find_partition(partition);
}

std::uint16_t ReplicationWorld::committed_view(const State& state) {
    std::uint16_t last = 0;
    for (const std::uint16_t view : state.views) {
        if (view != 0) last = view;
    }
    return last;
}

// ---- what can happen ----

// Three brokers alive and in sync, the first leads in epoch 0, and everybody knows.
ReplicationWorld::State ReplicationWorld::initial() {
    MetadataImage image;
    image.features = model::FeatureOptions{}.levels();
    TopicImage& topic = image.topics[partition.topic];
    topic.name = partition.topic;
    topic.id = topic_id;
    PartitionImage& born = topic.partitions.emplace_back();
    for (int self = 0; self < replicas; ++self) {
        image.brokers[id_of(self)] = {.id = id_of(self),
                                      .epoch = BrokerEpoch{self + 1},
                                      .incarnation_id = {.high = 1, .low = 1},
                                      .host = {},
                                      .rack = std::nullopt,
                                      .fenced = false};
        born.replicas.push_back(id_of(self));
        born.isr.push_back(id_of(self));
    }
    born.leader = id_of(bounds_.first_leader);
    State state{};
    state.views[0] = number_of(std::move(image));
    for (int self = 0; self < replicas; ++self) {
        Broker broker{.self = self, .epoch = BrokerEpoch{self + 1}, .role = NoRole{}, .log = {}};
        Outcome outcome;
        replay(broker, state.views[0], outcome);
        state.brokers[static_cast<std::size_t>(self)] = number_of(std::move(broker));
    }
    state.leaders[0] = static_cast<std::uint8_t>(1 << bounds_.first_leader);
    return state;
}

void ReplicationWorld::actions(const State& state, std::vector<Action>& into) const {
    const std::uint16_t committed = committed_view(state);
    const auto under_way = replicas - std::ranges::count(state.fetches, std::uint16_t{0});
    if (bounds_.is_balanced) into.push_back({Kind::balance});
    if (const std::uint16_t late = state.late_fetch; late != 0) {
        const auto leader = static_cast<std::uint8_t>(fetches_[late - 1u].leader);
        if (brokers_[state.brokers[leader]].is_up) {
            into.push_back({Kind::late_fetch_arrives, leader, late});
        }
    }
    for (std::uint8_t self = 0; self < replicas; ++self) {
        const Broker& broker = brokers_[state.brokers[self]];
        const bool is_fenced = image_of(committed).find_broker(id_of(self))->fenced;
        const std::uint16_t next_view = state.replayed[self] + 1u < views_max
                                            ? state.views[state.replayed[self] + 1u]
                                            : std::uint16_t{0};
        if (!is_fenced && state.fencings < bounds_.fencings) into.push_back({Kind::fence, self});
        if (const std::uint16_t fetch = state.fetches[self]; fetch != 0) {
            const Fetch& under = fetches_[fetch - 1u];
            if (under.is_answered) {
                into.push_back({Kind::fetch_answer_arrives, self, fetch});
            } else if (brokers_[state.brokers[static_cast<std::size_t>(under.leader)]].is_up) {
                into.push_back({Kind::fetch_arrives, self, fetch});
            }
            if (bounds_.is_lossy) into.push_back({Kind::fetch_is_lost, self});
            if (!under.is_answered && state.late_fetch == 0 &&
                state.late_fetches < bounds_.late_fetches) {
                into.push_back({Kind::fetch_times_out, self, fetch});
            }
        }
        if (const std::uint16_t alter = state.alters[self]; alter != 0) {
            if (alters_[alter - 1u].is_answered) {
                into.push_back({Kind::alter_answer_arrives, self, alter});
                into.push_back({Kind::alter_answer_is_lost, self, alter});
            } else {
                into.push_back({Kind::alter_arrives, self, alter});
            }
        }
        if (!broker.is_up) {
            into.push_back({Kind::start, self});
            continue;
        }
        if (next_view != 0) {
            into.push_back({Kind::replay, self, next_view});
        } else if (is_fenced) {
            into.push_back({Kind::unfence, self});
        }
        if (broker.leader() != nullptr) {
            if (state.produced < bounds_.records) {
                into.push_back({Kind::produce, self, state.produced});
            }
            if (broker.lags < bounds_.lags) into.push_back({Kind::lag, self});
        }
        if (broker.follower() != nullptr && state.fetches[self] == 0 &&
            under_way < bounds_.fetches && broker.follower()->next_fetch(broker.now())) {
            into.push_back({Kind::fetch, self});
        }
        if (state.unclean_stops < bounds_.unclean_stops) {
            for (std::uint16_t kept = 0; kept <= broker.log.size(); ++kept) {
                into.push_back({Kind::stop, self, kept});
            }
        }
    }
}

std::optional<ReplicationWorld::State> ReplicationWorld::apply(const State& state,
                                                               const Action& action) {
    State next = state;
    // Who steps, and whose fetch it concerns.
    std::size_t self = action.broker;
    const std::size_t asker = action.broker;
    switch (action.kind) {
        case Kind::fetch_is_lost:
            next.fetches[self] = 0;
            return next;
        case Kind::fetch_times_out:
            next.fetches[self] = 0;
            next.late_fetch = action.what;
            ++next.late_fetches;
            return next;
        case Kind::alter_answer_is_lost: {
            Alter again = alters_[action.what - 1u];
            again = {.leader = again.leader,
                     .broker_epoch = again.broker_epoch,
                     .proposal = again.proposal};
            next.alters[self] = number_of(std::move(again));
            return next;
        }
        case Kind::alter_arrives: {
            const Decided& answer = decided(committed_view(state), action.kind, action.what);
            next.alters[self] = answer.alter;
            if (!publish(next, answer.view)) return std::nullopt;
            return next;
        }
        case Kind::balance:
        case Kind::fence:
        case Kind::unfence: {
            if (action.kind == Kind::fence) ++next.fencings;
            const Decided& answer = decided(committed_view(state), action.kind, action.broker);
            if (!publish(next, answer.view)) return std::nullopt;
            return next;
        }
        case Kind::start: {
            const Decided& answer = decided(committed_view(state), action.kind, action.broker);
            if (!publish(next, answer.view)) return std::nullopt;
            std::uint8_t last = 0;
            while (last + 1u < views_max && next.views[last + 1u] != 0) ++last;
            next.replayed[self] = last;
            break;
        }
        case Kind::stop:
            ++next.unclean_stops;
            next.fetches[self] = 0;
            next.alters[self] = 0;
            break;
        case Kind::replay:
            ++next.replayed[self];
            break;
        case Kind::produce:
            ++next.produced;
            break;
        case Kind::fetch_arrives:
            self = static_cast<std::size_t>(fetches_[action.what - 1u].leader);
            break;
        case Kind::fetch_answer_arrives:
            next.fetches[self] = 0;
            break;
        case Kind::late_fetch_arrives:
            next.late_fetch = 0;
            break;
        case Kind::alter_answer_arrives:
            next.alters[self] = 0;
            break;
        case Kind::fetch:
        case Kind::lag:
            break;
    }
    const std::uint16_t what = action.kind == Kind::start ? committed_view(next) : action.what;
    const Outcome& outcome = outcome_of(state.brokers[self], action.kind, what);
    next.brokers[self] = outcome.broker;
    // Nobody waits any more for the answer to a late one.
    if (outcome.fetch != 0 && action.kind != Kind::late_fetch_arrives)
        next.fetches[asker] = outcome.fetch;
    if (outcome.alter != 0) next.alters[self] = outcome.alter;
    next.acknowledged = static_cast<std::uint8_t>(next.acknowledged | outcome.acknowledged);
    next.failure = outcome.failure;
    const Broker& broker = brokers_[outcome.broker];
    // A refused write is as if it had never been asked for.
    if (action.kind == Kind::produce &&
        broker.log.size() == brokers_[state.brokers[self]].log.size()) {
        return std::nullopt;
    }
    if (broker.leader() != nullptr) {
        std::uint8_t& who = next.leaders[static_cast<std::size_t>(broker.leader_epoch().value())];
        who = static_cast<std::uint8_t>(who | 1 << self);
    }
    forget_old_views(next, *this);
    return next;
}

// False: it is beyond the bounds.
bool ReplicationWorld::publish(State& state, std::uint16_t view) const {
    if (view == committed_view(state)) return true;
    const PartitionImage& after = partition_of(view);
    if (after.leader_epoch.value() > bounds_.leader_changes) return false;
    if (after.partition_epoch.value() > bounds_.partition_epochs) return false;
    const auto room = std::ranges::find(state.views, std::uint16_t{0});
    if (room == state.views.end() || room - state.views.begin() > bounds_.unreplayed) return false;
    *room = view;
    return true;
}

void ReplicationWorld::forget_old_views(State& state, const ReplicationWorld& world) {
    std::uint8_t last = 0;
    while (last + 1u < views_max && state.views[last + 1u] != 0) ++last;
    std::uint8_t oldest = last;
    for (std::size_t self = 0; self < replicas; ++self) {
        if (!world.brokers_[state.brokers[self]].is_up) state.replayed[self] = last;
        oldest = std::min(oldest, state.replayed[self]);
    }
    if (oldest == 0) return;
    std::shift_left(state.views.begin(), state.views.end(), oldest);
    std::fill(state.views.end() - oldest, state.views.end(), std::uint16_t{0});
    for (std::uint8_t& replayed : state.replayed)
        replayed = static_cast<std::uint8_t>(replayed - oldest);
}

// ---- steps of brokers ----

const ReplicationWorld::Outcome& ReplicationWorld::outcome_of(std::uint32_t number, Kind kind,
                                                              std::uint16_t what) {
    const std::uint32_t input = static_cast<std::uint32_t>(kind) << 16 | what;
    if (const auto known = memory_of_brokers_.find(number, input)) return outcomes_[*known];
    Broker broker = brokers_[number];
    Outcome outcome{.broker = number};
    try {
        step(broker, kind, what, outcome);
        outcome.broker = number_of(std::move(broker));
    } catch (const AssertionFailure& failure) {
        outcome.failure = note_failure(failure.describe_failure());
    }
    memory_of_brokers_.insert(number, input, static_cast<std::uint32_t>(outcomes_.size()));
    return outcomes_.emplace_back(outcome);
}

void ReplicationWorld::step(Broker& broker, Kind kind, std::uint16_t what, Outcome& outcome) {
    switch (kind) {
        case Kind::produce: {
            PartitionLeader& leader = std::get<PartitionLeader>(broker.role);
            if (leader.admits_produce(-1, std::nullopt) != ErrorCode::none) return;
            broker.log.push_back({.epoch = leader.leader_epoch().value(), .value = what});
            broker.epochs.assign(leader.leader_epoch(), broker.log_end() - 1);
            carry_out(broker,
                      leader.step(PartitionLeader::Appended{broker.log_end()}, broker.now()),
                      outcome);
            carry_out(broker,
                      leader.step(PartitionLeader::AcknowledgmentAwaited{ProduceTicket{what},
                                                                         broker.log_end()},
                                  broker.now()),
                      outcome);
            return;
        }
        case Kind::fetch:
            outcome.fetch = number_of(Fetch{.follower = broker.self,
                                            .leader = broker_of(broker.follower()->leader()),
                                            .broker_epoch = broker.epoch,
                                            .asked = *broker.follower()->next_fetch(broker.now())});
            return;
        case Kind::fetch_arrives:
        case Kind::late_fetch_arrives:
            return answer_fetch(broker, fetches_[what - 1u], outcome);
        case Kind::fetch_answer_arrives:
            return take_answer(broker, fetches_[what - 1u], outcome);
        case Kind::lag:
            ++broker.lags;
            return carry_out(broker,
                             std::get<PartitionLeader>(broker.role)
                                 .step(PartitionLeader::Ticked{}, broker.now()),
                             outcome);
        case Kind::alter_answer_arrives: {
            const Alter& answer = alters_[what - 1u];
            auto* const leader = std::get_if<PartitionLeader>(&broker.role);
            if (leader == nullptr || leader->leader_epoch() != answer.proposal.leader_epoch) return;
            return carry_out(broker,
                             leader->step(
                                 PartitionLeader::AlterPartitionAnswered{
                                     .proposal = answer.proposal,
                                     .error = answer.error,
                                     .leader_epoch = answer.leader_epoch,
                                     .isr = answer.isr,
                                     .partition_epoch = answer.partition_epoch},
                                 broker.now()),
                             outcome);
        }
        case Kind::replay:
            return replay(broker, what, outcome);
        case Kind::stop:
            // What it knew of the high watermark was not written down lately.
            broker.is_up = false;
            broker.role = NoRole{};
            broker.lags = 0;
            broker.log.resize(what);
            broker.epochs.truncate_from_end(broker.log_end());
            return;
        case Kind::start:
            broker.is_up = true;
            broker.epoch = image_of(what).find_broker(id_of(broker.self))->epoch;
            return replay(broker, what, outcome);
        case Kind::fetch_is_lost:
        case Kind::alter_arrives:
        case Kind::alter_answer_is_lost:
        case Kind::fence:
        case Kind::unfence:
        case Kind::balance:
        case Kind::fetch_times_out:
            UNREACHABLE("no broker's step");
    }
}

PartitionView ReplicationWorld::view_for(const MetadataImage& image) const {
    const PartitionImage& assigned = *image.find_partition(partition);
    PartitionView view{.leader_epoch = assigned.leader_epoch,
                       .partition_epoch = assigned.partition_epoch,
                       .replicas = assigned.replicas,
                       .isr = assigned.isr,
                       .min_insync_replicas = bounds_.min_insync_replicas};
    for (const auto& [id, broker] : image.brokers) {
        view.standings[id] = {.broker_epoch = broker.epoch,
                              .is_fenced = broker.fenced,
                              .in_controlled_shutdown = broker.in_controlled_shutdown};
    }
    return view;
}

// As PartitionHost::take does.
void ReplicationWorld::replay(Broker& broker, std::uint16_t number, Outcome& outcome) {
    const PartitionImage& assigned = partition_of(number);
    const PartitionView view = view_for(image_of(number));
    auto* const leader = std::get_if<PartitionLeader>(&broker.role);
    if (leader != nullptr && leader->leader_epoch() == view.leader_epoch) {
        return carry_out(broker, leader->step(PartitionLeader::MetadataChanged{view}, broker.now()),
                         outcome);
    }
    if (view.leader_epoch <= broker.leader_epoch()) return;
    const Offset known = broker.high_watermark();
    if (leader != nullptr) {
        carry_out(broker, leader->step(PartitionLeader::Resigned{}, broker.now()), outcome);
    }
    broker.lags = 0;
    if (assigned.leader == id_of(broker.self)) {
        broker.epochs.assign(view.leader_epoch, broker.log_end());
        PartitionLeader& elected = broker.role.emplace<PartitionLeader>(
            LeaderOptions{.self = id_of(broker.self),
                          .self_epoch = broker.epoch,
                          .replica_lag_time_max = Duration::zero(),
                          .bugs = bugs_},
            PartitionLeader::Election{.view = view,
                                      .log_start_offset = Offset{0},
                                      .log_end_offset = broker.log_end(),
                                      .high_watermark = known},
            broker.now());
        return carry_out(broker, elected.begin(broker.now()), outcome);
    }
    if (broker.follower() == nullptr) {
        broker.role.emplace<PartitionFollower>(
            FollowerOptions{.replica_fetch_backoff = Duration::zero(), .bugs = bugs_},
            log_state(broker), known);
    }
    const auto output =
        std::get<PartitionFollower>(broker.role)
            .step(PartitionFollower::LeaderChanged{assigned.leader, view.leader_epoch},
                  broker.now());
    carry_out(broker, output, {});
}

// As PartitionHost::fetch does.
void ReplicationWorld::answer_fetch(Broker& broker, const Fetch& request, Outcome& outcome) {
    Fetch answer = request;
    answer.is_answered = true;
    answer.leader_end = broker.log_end();
    answer.error =
        check_leader_epoch(broker.leader_epoch(), request.asked.current_leader_epoch, bugs_);
    auto* const leader = std::get_if<PartitionLeader>(&broker.role);
    if (answer.error == ErrorCode::none && leader == nullptr) {
        answer.error = ErrorCode::not_leader_or_follower;
    }
    if (answer.error != ErrorCode::none) {
        outcome.fetch = number_of(std::move(answer));
        return;
    }
    const FetchTarget target{.replica = id_of(request.follower),
                             .replica_epoch = request.broker_epoch,
                             .current_leader_epoch = request.asked.current_leader_epoch,
                             .fetch_offset = request.asked.fetch_offset,
                             .last_fetched_epoch = request.asked.last_fetched_epoch,
                             .log_start_offset = request.asked.log_start_offset};
    PartitionLeader::LogFacts facts;
    if (target.last_fetched_epoch != no_leader_epoch) {
        facts.end_of_last_fetched_epoch =
            broker.epochs.end_offset_for(target.last_fetched_epoch, broker.log_end());
    }
    const PartitionLeader::FetchAnswer given = leader->answer_fetch(target, facts);
    answer.error = given.error;
    answer.diverging = given.diverging;
    answer.high_watermark = given.ends.high_watermark;
    if (given.error == ErrorCode::none && !given.diverging) {
        answer.records.assign(broker.log.begin() + target.fetch_offset.value(),
                              broker.log.begin() + given.upto.value());
        carry_out(broker,
                  leader->step(
                      PartitionLeader::FollowerFetched{.replica = target.replica,
                                                       .replica_epoch = target.replica_epoch,
                                                       .fetch_offset = target.fetch_offset,
                                                       .log_start_offset = target.log_start_offset},
                      broker.now()),
                  outcome);
    }
    outcome.fetch = number_of(std::move(answer));
}

// As PartitionHost::take_fetch_answer does; where the leader's log ends is asked at once.
void ReplicationWorld::take_answer(Broker& broker, const Fetch& answer, Outcome&) {
    auto* const follower = std::get_if<PartitionFollower>(&broker.role);
    if (follower == nullptr) return;
    PartitionFollower::FetchAnswered input{.asked = answer.asked,
                                           .error = answer.error,
                                           .leader_high_watermark = answer.high_watermark,
                                           .leader_log_start_offset = Offset{0},
                                           .has_records = !answer.records.empty()};
    if (answer.diverging) {
        input.diverging_epoch = *answer.diverging;
        input.own_end_of_diverging_epoch =
            broker.epochs.end_offset_for(answer.diverging->epoch, broker.log_end());
    }
    const PartitionFollower::Output output = follower->step(input, broker.now());
    carry_out(broker, output, answer.records);
    if (!output.locate_leader_log) return;
    const auto located =
        follower->step(PartitionFollower::LeaderLogLocated{answer.asked.current_leader_epoch,
                                                           Offset{0}, answer.leader_end},
                       broker.now());
    carry_out(broker, located, {});
}

void ReplicationWorld::carry_out(Broker& broker, const PartitionLeader::Output& output,
                                 Outcome& outcome) {
    if (output.high_watermark && !checkers::invariants::is_monotonic(output.high_watermark->from,
                                                                     output.high_watermark->to)) {
        outcome.failure = note_failure("the high watermark of a leader went back");
    }
    for (const PartitionLeader::ProduceAnswer& answer : output.answers) {
        if (answer.error != ErrorCode::none) continue;
        outcome.acknowledged =
            static_cast<std::uint8_t>(outcome.acknowledged | 1u << answer.ticket.value());
    }
    if (output.proposal) {
        outcome.alter = number_of(Alter{
            .leader = broker.self, .broker_epoch = broker.epoch, .proposal = *output.proposal});
    }
}

LogState ReplicationWorld::log_state(const Broker& broker) const {
    return {
        .log_start_offset = Offset{0},
        .log_end_offset = broker.log_end(),
        .last_epoch = broker.log.empty() ? no_leader_epoch : LeaderEpoch{broker.log.back().epoch}};
}

void ReplicationWorld::carry_out(Broker& broker, const PartitionFollower::Output& output,
                                 const std::vector<Entry>& records) {
    PartitionFollower& follower = std::get<PartitionFollower>(broker.role);
    ASSERT(!output.restart_at, "a log that begins at 0 begins anew");
    if (output.truncate_to) {
        broker.log.resize(static_cast<std::size_t>(output.truncate_to->value()));
        broker.epochs.truncate_from_end(broker.log_end());
    }
    if (output.append) {
        for (const Entry& record : records) {
            broker.epochs.assign(LeaderEpoch{record.epoch}, broker.log_end());
            broker.log.push_back(record);
        }
    }
    if (output.changes_log()) {
        follower.step(PartitionFollower::LogChanged{log_state(broker)}, broker.now());
    }
    if (output.leader_high_watermark) follower.set_high_watermark(*output.leader_high_watermark);
}

// ---- steps of the controller ----

const ReplicationWorld::Decided& ReplicationWorld::decided(std::uint16_t view, Kind kind,
                                                           std::uint16_t what) {
    const std::uint32_t input = static_cast<std::uint32_t>(kind) << 16 | what;
    if (const auto known = memory_of_controller_.find(view, input)) return decisions_[*known];
    const Decided answer = decide(view, kind, what);
    memory_of_controller_.insert(view, input, static_cast<std::uint32_t>(decisions_.size()));
    return decisions_.emplace_back(answer);
}

void ReplicationWorld::commit(MetadataImage& image, const std::vector<MetadataRecord>& records) {
    for (const MetadataRecord& record : records) model::apply(image, image.next_offset, record);
}

BrokerRegistrationRequest ReplicationWorld::registration_of(const MetadataImage& image,
                                                            int broker) const {
    // The next process of that broker; nothing tells of a clean shutdown.
    BrokerRegistrationRequest request;
    request.cluster_id = "squall";
    request.broker_id = id_of(broker);
    request.incarnation_id = image.find_broker(id_of(broker))->incarnation_id;
    ++request.incarnation_id.low;
    request.listeners.emplace_back();
    request.features = model::registered_ranges(model::supported_features());
    return request;
}

ReplicationWorld::Decided ReplicationWorld::decide(std::uint16_t view, Kind kind,
                                                   std::uint16_t what) {
    MetadataImage image = image_of(view);
    Decided answer;
    const auto unfence = [&](BrokerId id) {
        BrokerHeartbeatRequest heartbeat;
        heartbeat.broker_id = id;
        heartbeat.broker_epoch = image.find_broker(id)->epoch;
        heartbeat.current_metadata_offset = Offset{1'000'000};
        commit(image, cluster_control_.heartbeat(image, BrokerSessions(9s), heartbeat).records);
    };
    if (kind == Kind::fence) {
        commit(image, cluster_control_.fence(image, id_of(what)));
    } else if (kind == Kind::balance) {
        commit(image, replica_control_.balance_leaders(image));
    } else if (kind == Kind::unfence) {
        unfence(id_of(what));
    } else if (kind == Kind::start) {
        BrokerEpoch latest{0};
        for (const auto& [id, broker] : image.brokers) latest = std::max(latest, broker.epoch);
        const auto decision = cluster_control_.register_broker(
            image, BrokerSessions(9s), registration_of(image, what), Offset{latest.value() + 1},
            LocalTime{});
        ASSERT(decision.response.error_code == ErrorCode::none, "broker {} is not let in", what);
        commit(image, decision.records);
        unfence(id_of(what));
    } else {
        Alter alter = alters_[what - 1u];
        AlterPartitionRequest request;
        request.broker_id = id_of(alter.leader);
        request.broker_epoch = alter.broker_epoch;
        auto& topic = request.topics.emplace_back();
        topic.topic_name = partition.topic;
        topic.topic_id = topic_id;
        auto& asked = topic.partitions.emplace_back();
        asked.leader_epoch = alter.proposal.leader_epoch;
        asked.partition_epoch = alter.proposal.partition_epoch;
        for (const IsrMember& member : alter.proposal.to) {
            asked.new_isr_with_epochs.push_back({member.broker, member.broker_epoch});
        }
        const auto decision = replica_control_.alter_partition(image, request);
        commit(image, decision.records);
        if (decision.response.error_code == ErrorCode::none) {
            const auto& given = decision.response.topics.front().partitions.front();
            alter.is_answered = true;
            alter.error = given.error_code;
            alter.leader_epoch = given.leader_epoch;
            alter.isr = given.isr;
            alter.partition_epoch = given.partition_epoch;
            answer.alter = number_of(std::move(alter));
        }
        // Otherwise an older process asked: nobody waits for the answer.
    }
    answer.view = number_of(std::move(image));
    return answer;
}

// ---- invariants ----

bool ReplicationWorld::has_one_leader_per_epoch(const State& state) const {
    return std::ranges::all_of(state.leaders, [](std::uint8_t brokers) {
        return checkers::invariants::is_at_most_one(brokers);
    });
}

bool ReplicationWorld::has_leader_in_isr(const State& state) const {
    const PartitionImage& now = partition_of(committed_view(state));
    return checkers::invariants::is_leader_in_sync(now.leader, no_broker, now.isr);
}

bool ReplicationWorld::has_matching_logs(const State& state) const {
    const auto& a = brokers_[state.brokers[0]].log;
    const auto& b = brokers_[state.brokers[1]].log;
    const auto& c = brokers_[state.brokers[2]].log;
    using checkers::invariants::is_log_matching;
    return is_log_matching(a, b) && is_log_matching(b, c) && is_log_matching(a, c);
}

// Alive, and the process that the controller's in-sync set means.
bool ReplicationWorld::is_current_in_sync(const State& state, int self) const {
    const MetadataImage& image = image_of(committed_view(state));
    const Broker& broker = brokers_[state.brokers[static_cast<std::size_t>(self)]];
    return broker.is_up && image.find_broker(id_of(self))->epoch == broker.epoch &&
           contains(image.find_partition(partition)->isr, id_of(self));
}

bool ReplicationWorld::has_strong_isr(const State& state) const {
    for (int self = 0; self < replicas; ++self) {
        if (!is_current_in_sync(state, self)) continue;
        const Broker& member = brokers_[state.brokers[static_cast<std::size_t>(self)]];
        for (const std::uint32_t number : state.brokers) {
            const Broker& presumed = brokers_[number];
            if (presumed.leader() == nullptr) continue;
            const auto end = static_cast<std::size_t>(presumed.high_watermark().value());
            if (!checkers::invariants::is_strongly_in_sync(presumed.log, end, member.log)) {
                return false;
            }
        }
    }
    return true;
}

bool ReplicationWorld::keeps_acknowledged_records(const State& state) const {
    if (state.acknowledged == 0) return true;
    for (int self = 0; self < replicas; ++self) {
        if (!is_current_in_sync(state, self)) continue;
        unsigned held = 0;
        for (const Entry& entry : brokers_[state.brokers[static_cast<std::size_t>(self)]].log) {
            held |= 1u << entry.value;
        }
        if ((state.acknowledged & ~held) != 0) return false;
    }
    return true;
}

bool ReplicationWorld::is_free_of_failures(const State& state) const {
    return state.failure == 0;
}

// ---- words ----

std::string ReplicationWorld::narrate(const State& before, const Action& action,
                                      const State& after) const {
    const std::string who = fmt::format("b{}", action.broker + 1);
    std::string line;
    const auto fetch = [&] { return fetches_[action.what - 1u]; };
    const auto alter = [&] { return alters_[action.what - 1u]; };
    switch (action.kind) {
        case Kind::produce:
            line = fmt::format("client -> {}: m{}, acks=all", who, action.what);
            break;
        case Kind::fetch: {
            const Fetch& sent = fetches_[after.fetches[action.broker] - 1u];
            line = fmt::format("{} -> b{}: Fetch from {}, last epoch {}, in leader epoch {} (sent)",
                               who, sent.leader + 1, sent.asked.fetch_offset,
                               sent.asked.last_fetched_epoch, sent.asked.current_leader_epoch);
            break;
        }
        case Kind::fetch_arrives:
            line = fmt::format("{} -> b{}: Fetch from {} arrives", who, fetch().leader + 1,
                               fetch().asked.fetch_offset);
            break;
        case Kind::fetch_times_out:
            line = fmt::format("{}: gives up its Fetch from {}, which is still under way", who,
                               fetch().asked.fetch_offset);
            break;
        case Kind::late_fetch_arrives:
            line = fmt::format("b{} -> {}: the late Fetch from {} arrives", fetch().follower + 1,
                               who, fetch().asked.fetch_offset);
            break;
        case Kind::fetch_answer_arrives:
            line = fmt::format("b{} -> {}: FetchAnswer", fetch().leader + 1, who);
            if (fetch().error != ErrorCode::none) {
                line += fmt::format(" {}", to_string(fetch().error));
            } else if (fetch().diverging) {
                line += fmt::format(" diverging epoch {} ends at {}", fetch().diverging->epoch,
                                    fetch().diverging->offset);
            } else {
                line += fmt::format("{}, hw {}", text_of(fetch().records), fetch().high_watermark);
            }
            break;
        case Kind::fetch_is_lost:
            line = fmt::format("{}: its Fetch is lost", who);
            break;
        case Kind::lag:
            line = fmt::format("{}: replica.lag.time.max.ms passes", who);
            break;
        case Kind::alter_arrives:
            line = fmt::format("{} -> controller: AlterPartition ISR {} in leader epoch {}", who,
                               text_of(alter().proposal.proposed_isr()),
                               alter().proposal.leader_epoch);
            break;
        case Kind::alter_answer_arrives:
            line = fmt::format("controller -> {}: AlterPartitionAnswer {} ISR {}", who,
                               to_string(alter().error), text_of(alter().isr));
            break;
        case Kind::alter_answer_is_lost:
            line = fmt::format("controller -> {}: AlterPartitionAnswer (lost, asked again)", who);
            break;
        case Kind::replay:
            line = fmt::format("{}: replays metadata: leader b{} in epoch {}, ISR {}", who,
                               partition_of(action.what).leader,
                               partition_of(action.what).leader_epoch,
                               text_of(partition_of(action.what).isr));
            break;
        case Kind::fence:
            line = fmt::format("controller: fences {}", who);
            break;
        case Kind::balance:
            line = "controller: leaders back to preferred replicas";
            break;
        case Kind::unfence:
            line = fmt::format("controller: unfences {}", who);
            break;
        case Kind::stop:
            line = fmt::format("{}: stops; {} records stay on its disk", who, action.what);
            break;
        case Kind::start:
            line = fmt::format("{}: starts again", who);
            break;
    }
    if (after.failure != 0) return line + ": " + failures_[after.failure - 1u];
    for (std::size_t self = 0; self < replicas; ++self) {
        const Broker& was = brokers_[before.brokers[self]];
        const Broker& is = brokers_[after.brokers[self]];
        if (is.log != was.log) line += fmt::format("; b{} has{}", self + 1, text_of(is.log));
        if (is.high_watermark() != was.high_watermark()) {
            line += fmt::format("; b{} hw {}", self + 1, is.high_watermark());
        }
        if (after.alters[self] != 0 && before.alters[self] != after.alters[self] &&
            !alters_[after.alters[self] - 1u].is_answered) {
            line += fmt::format("; b{} proposes ISR {}", self + 1,
                                text_of(alters_[after.alters[self] - 1u].proposal.proposed_isr()));
        }
    }
    if (after.acknowledged != before.acknowledged) line += "; acknowledged";
    const PartitionImage& was = partition_of(committed_view(before));
    const PartitionImage& is = partition_of(committed_view(after));
    if (is != was) {
        line += fmt::format("; leader b{} in epoch {}, ISR {}, ELR {}", is.leader, is.leader_epoch,
                            text_of(is.isr), text_of(is.eligible_leader_replicas));
    }
    return line;
}

std::string ReplicationWorld::show(const State& state) const {
    std::string text;
    for (std::size_t self = 0; self < replicas; ++self) {
        const Broker& broker = brokers_[state.brokers[self]];
        text += fmt::format("     b{} {} epoch {}, hw {}:{}\n", self + 1,
                            !broker.is_up                  ? "down"
                            : broker.leader() != nullptr   ? "leader"
                            : broker.follower() != nullptr ? "follower"
                                                           : "without a role",
                            broker.leader_epoch(), broker.high_watermark(), text_of(broker.log));
    }
    return text;
}

std::string ReplicationWorld::figures() const {
    return fmt::format(
        "{} states of brokers, {} of metadata, {} fetches, {} proposals, {} steps of deciders",
        brokers_.size(), views_.size(), fetches_.size(), alters_.size(),
        memory_of_brokers_.size() + memory_of_controller_.size());
}

}  // namespace squall::exhaustive
