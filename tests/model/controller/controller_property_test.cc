// The two deciders together under arbitrary requests: what holds after every decision.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "model/controller/cluster_control.h"
#include "model/controller/metadata_replay.h"
#include "model/controller/replica_control.h"
#include "model/controller/snapshot_records.h"
#include "model/protocol/record_batch.h"
#include "model/raft/snapshot.h"
#include "sim/base/rng.h"

namespace squall::model {
namespace {

constexpr int broker_count = 4;

// A controller without a log: records are applied as soon as they are decided.
class Controller {
  public:
    explicit Controller(ControllerOptions options)
        : options_(options),
          replicas_(options),
          cluster_(options),
          sessions_(options.broker_session_timeout) {
        image_.next_offset = Offset{1};  // after the LeaderChange record
        take(FeatureControl(options).bootstrap());
        for (int id = 1; id <= broker_count; ++id) register_broker(BrokerId{id}, false);
        for (int id = 1; id <= broker_count; ++id) heartbeat(BrokerId{id}, false, false);
        CreateTopicsRequest request;
        request.topics.push_back({.name = "orders",
                                  .num_partitions = 3,
                                  .replication_factor = 3,
                                  .assignments = {},
                                  .configs = {{"min.insync.replicas", "2"}}});
        take(replicas_.create_topics(image_, request, 7));
    }

    void act(std::uint32_t choice) {
        const BrokerId broker{static_cast<std::int32_t>(1 + choice / 16 % broker_count)};
        const std::uint32_t detail = choice / 64;
        now_ += std::chrono::milliseconds(detail % 4000);
        switch (choice % 8) {
            case 0:
                return register_broker(broker, detail % 2 == 0);
            case 1:
            case 2:
                return heartbeat(broker, false, false);
            case 3:
                return heartbeat(broker, detail % 3 == 0, detail % 5 == 0);
            case 4:
                for (const BrokerId expired : sessions_.expired(image_, now_)) {
                    take(cluster_.fence(image_, expired));
                }
                return;
            case 5:
                return take(replicas_.balance_leaders(image_));
            default:
                return alter(detail);
        }
    }

    const MetadataImage& image() const { return image_; }
    const Bytes& log() const { return log_; }
    bool had_unclean_election() const { return had_unclean_election_; }
    int elections() const { return elections_; }

  private:
    void register_broker(BrokerId broker, bool clean) {
        BrokerRegistrationRequest request;
        request.cluster_id = "squall";
        request.broker_id = broker;
        request.incarnation_id = {1, ++incarnations_};
        request.listeners.push_back({.name = "PLAINTEXT", .host = "b", .port = 9092});
        request.features = registered_ranges(supported_features());
        if (const BrokerImage* before = image_.find_broker(broker); clean && before != nullptr) {
            request.previous_broker_epoch = before->epoch;
        }
        auto decision =
            cluster_.register_broker(image_, sessions_, request, image_.next_offset, now_);
        if (decision.response.error_code == ErrorCode::none) {
            RC_ASSERT(decision.response.broker_epoch.value() == image_.next_offset.value());
            sessions_.touch(broker, decision.response.broker_epoch, now_);
        }
        take(std::move(decision));
    }

    void heartbeat(BrokerId broker, bool want_fence, bool want_shut_down) {
        BrokerHeartbeatRequest request;
        request.broker_id = broker;
        request.broker_epoch = image_.find_broker(broker)->epoch;
        request.current_metadata_offset = image_.next_offset - 1;
        request.want_fence = want_fence;
        request.want_shut_down = want_shut_down;
        take(cluster_.heartbeat(image_, sessions_, request));
        ClusterControl::observe(sessions_, request, image_, image_.next_offset, now_);
    }

    // A proposal of some leader, right or wrong.
    void alter(std::uint32_t detail) {
        const TopicImage& topic = *image_.find_topic("orders");
        const auto index = static_cast<std::int32_t>(detail % 3);
        const PartitionImage& partition = topic.partitions[static_cast<std::size_t>(index)];
        const BrokerId leader = detail % 7 == 0 || partition.leader == no_broker
                                    ? partition.replicas[0]
                                    : partition.leader;
        AlterPartitionRequest request;
        request.broker_id = leader;
        request.broker_epoch = image_.find_broker(leader)->epoch;
        AlterPartitionRequest::Partition proposal;
        proposal.partition_index = index;
        proposal.leader_epoch = partition.leader_epoch - (detail % 11 == 0 ? 1 : 0);
        proposal.partition_epoch = partition.partition_epoch - (detail % 13 == 0 ? 1 : 0);
        for (std::size_t i = 0; i < partition.replicas.size(); ++i) {
            const BrokerId replica = partition.replicas[i];
            if (replica != leader && (detail >> (8 + i)) % 2 == 0) continue;
            const bool old_process = detail % 17 == 0 && replica != leader;
            const BrokerEpoch epoch = image_.find_broker(replica)->epoch;
            proposal.new_isr_with_epochs.push_back({replica, epoch - (old_process ? 1 : 0)});
        }
        AlterPartitionRequest::Topic topics;
        topics.topic_id = topic.id;
        topics.partitions.push_back(proposal);
        request.topics.push_back(topics);
        auto decision = replicas_.alter_partition(image_, request);
        for (const auto& member : proposal.new_isr_with_epochs) {
            if (is_stale_broker_epoch(image_, member.broker_id, member.broker_epoch)) {
                RC_ASSERT(decision.records.empty());
            }
        }
        take(std::move(decision));
    }

    template <class Response>
    void take(Decision<Response> decision) {
        take(decision.records);
    }

    void take(const std::vector<MetadataRecord>& records) {
        if (records.empty()) return;
        const MetadataImage before = image_;
        BatchBuilder builder(
            {.base_offset = image_.next_offset, .partition_leader_epoch = LeaderEpoch{1}});
        for (const MetadataRecord& record : records) {
            const Bytes value = encode_record(record);
            builder.append(0, std::nullopt, ByteView(value));
            apply(image_, image_.next_offset, record);
        }
        const Bytes batch = builder.finish();
        log_.insert(log_.end(), batch.begin(), batch.end());
        compare(before);
    }

    void compare(const MetadataImage& before) {
        for (const auto& [name, topic] : image_.topics) {
            for (std::size_t index = 0; index < topic.partitions.size(); ++index) {
                const PartitionImage& after = topic.partitions[index];
                check(after);
                const TopicImage* old_topic = before.find_topic(name);
                if (old_topic != nullptr) compare(old_topic->partitions[index], after);
            }
        }
    }

    void check(const PartitionImage& partition) const {
        const bool elr = image_.has_eligible_leader_replicas();
        if (!elr) RC_ASSERT(!partition.isr.empty());
        if (partition.leader != no_broker) {
            RC_ASSERT(contains(partition.isr, partition.leader));
            RC_ASSERT(is_active(image_, partition.leader));
        }
        for (const BrokerId member : partition.isr) {
            if (elr) RC_ASSERT(is_active(image_, member));
            RC_ASSERT(!contains(partition.eligible_leader_replicas, member));
        }
        if (partition.isr.size() >= 2) RC_ASSERT(partition.eligible_leader_replicas.empty());
    }

    void compare(const PartitionImage& before, const PartitionImage& after) {
        if (before == after) return;
        RC_ASSERT(after.partition_epoch > before.partition_epoch);
        RC_ASSERT(after.leader_epoch >= before.leader_epoch);
        if (after.leader == before.leader) return;
        RC_ASSERT(after.leader_epoch > before.leader_epoch);
        if (after.leader == no_broker) return;
        ++elections_;
        const bool clean = contains(before.isr, after.leader) ||
                           contains(before.eligible_leader_replicas, after.leader);
        if (clean) return;
        had_unclean_election_ = true;
        RC_ASSERT(after.recovering);
        // Without permission only the last known leader comes back, and only when nobody is left
        // who is in sync or eligible: the last of those may have lost its data just now.
        const bool last_known = before.leader == no_broker && before.isr.empty() &&
                                after.eligible_leader_replicas.empty() &&
                                before.last_known_elr == std::vector<BrokerId>{after.leader};
        RC_ASSERT(options_.unclean_leader_election_enable || last_known);
    }

    ControllerOptions options_;
    ReplicaControl replicas_;
    ClusterControl cluster_;
    MetadataImage image_;
    BrokerSessions sessions_;
    LocalTime now_{};
    std::uint64_t incarnations_ = 0;
    Bytes log_;
    bool had_unclean_election_ = false;
    int elections_ = 0;
};

std::vector<std::uint32_t> some_choices() {
    const auto size = *rc::gen::inRange<std::size_t>(0, 200);
    return *rc::gen::container<std::vector<std::uint32_t>>(
        size, rc::gen::inRange<std::uint32_t>(0, 1u << 24));
}

ControllerOptions with(bool unclean, std::int16_t elr) {
    ControllerOptions options;
    options.unclean_leader_election_enable = unclean;
    options.features.eligible_leader_replicas = elr;
    return options;
}

RC_GTEST_PROP(ControllerDeciders, KeepEpochsLeadersAndInSyncSetsRight, ()) {
    const bool unclean = *rc::gen::arbitrary<bool>();
    const auto elr = static_cast<std::int16_t>(*rc::gen::inRange(0, 2));
    Controller controller(with(unclean, elr));
    for (const std::uint32_t choice : some_choices()) controller.act(choice);
}

RC_GTEST_PROP(ControllerDeciders, ReplayFromScratchGivesTheSameImage, ()) {
    Controller controller(with(false, 1));
    for (const std::uint32_t choice : some_choices()) controller.act(choice);
    MetadataImage replayed;
    replayed.next_offset = Offset{1};
    RC_ASSERT(replay(replayed, controller.log()).ok());
    RC_ASSERT(replayed == controller.image());
    RC_ASSERT(replayed.digest() == controller.image().digest());
}

RC_GTEST_PROP(ControllerDeciders, SnapshotOfAnImageGivesItBack, ()) {
    Controller controller(with(*rc::gen::arbitrary<bool>(), 1));
    for (const std::uint32_t choice : some_choices()) controller.act(choice);
    const MetadataImage& image = controller.image();
    const Bytes content =
        raft::write_snapshot({image.next_offset, RaftEpoch{1}}, 0, 0, snapshot_values(image));
    RC_ASSERT(raft::check_snapshot(content).ok());
    const Result<MetadataImage> loaded = image_of_snapshot(content, image.next_offset);
    RC_ASSERT(loaded.ok());
    RC_ASSERT(*loaded == image);
}

// The walks above are not vacuous: they move leaders, and uncleanly where they may.
TEST(ControllerDeciders, WalksReachCleanAndUncleanElections) {
    int elections = 0;
    int unclean = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Draws draws(Noise(seed), Meaning("controller walk"));
        Controller controller(with(true, 1));
        for (int i = 0; i < 200; ++i) {
            controller.act(static_cast<std::uint32_t>(draws.below(1u << 24)));
        }
        elections += controller.elections();
        unclean += controller.had_unclean_election() ? 1 : 0;
    }
    EXPECT_GT(elections, 1000);
    EXPECT_GT(unclean, 20);
}

// ---- single rules ----

struct Fixture {
    Fixture() {
        for (int id = 1; id <= 3; ++id) {
            apply(image, Offset{id},
                  RegisterBrokerRecord{.broker_id = BrokerId{id},
                                       .incarnation_id = {1, 1},
                                       .broker_epoch = BrokerEpoch{id},
                                       .host = "b1",
                                       .rack = std::nullopt,
                                       .fenced = false});
        }
        apply(image, Offset{4}, TopicRecord{.name = "orders", .topic_id = {9, 9}});
        PartitionRecord partition;
        partition.partition_id = 0;
        partition.topic_id = {9, 9};
        partition.replicas = {BrokerId{1}, BrokerId{2}, BrokerId{3}};
        partition.isr = {BrokerId{1}, BrokerId{2}};
        partition.leader = BrokerId{1};
        partition.leader_epoch = LeaderEpoch{5};
        partition.partition_epoch = PartitionEpoch{8};
        apply(image, Offset{5}, partition);
    }

    ErrorCode alter(std::function<void(AlterPartitionRequest::Partition&)> twist,
                    BrokerId by = BrokerId{1}) const {
        AlterPartitionRequest request;
        request.broker_id = by;
        request.broker_epoch = BrokerEpoch{by.value()};
        AlterPartitionRequest::Topic topic;
        topic.topic_id = {9, 9};
        AlterPartitionRequest::Partition proposal;
        proposal.leader_epoch = LeaderEpoch{5};
        proposal.partition_epoch = PartitionEpoch{8};
        for (int id = 1; id <= 3; ++id) {
            proposal.new_isr_with_epochs.push_back({BrokerId{id}, BrokerEpoch{id}});
        }
        twist(proposal);
        topic.partitions.push_back(proposal);
        request.topics.push_back(topic);
        const auto decision = ReplicaControl({}).alter_partition(image, request);
        if (decision.response.error_code != ErrorCode::none) return decision.response.error_code;
        const auto& answer = decision.response.topics[0].partitions[0];
        EXPECT_EQ(answer.error_code == ErrorCode::none, !decision.records.empty());
        return answer.error_code;
    }

    MetadataImage image;
};

TEST(AlterPartition, IsACompareAndSetOnTwoEpochs) {
    const Fixture fixture;
    using Partition = AlterPartitionRequest::Partition;
    EXPECT_EQ(fixture.alter([](Partition&) {}), ErrorCode::none);
    EXPECT_EQ(fixture.alter([](Partition& p) { p.leader_epoch = LeaderEpoch{4}; }),
              ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(fixture.alter([](Partition& p) { p.leader_epoch = LeaderEpoch{6}; }),
              ErrorCode::not_controller);
    EXPECT_EQ(fixture.alter([](Partition& p) { p.partition_epoch = PartitionEpoch{7}; }),
              ErrorCode::invalid_update_version);
    EXPECT_EQ(fixture.alter([](Partition& p) { p.partition_epoch = PartitionEpoch{9}; }),
              ErrorCode::not_controller);
    EXPECT_EQ(fixture.alter([](Partition&) {}, BrokerId{2}), ErrorCode::invalid_request);
    EXPECT_EQ(fixture.alter([](Partition& p) { p.partition_index = 1; }),
              ErrorCode::unknown_topic_or_partition);
}

TEST(AlterPartition, TakesOnlyLiveReplicasOfTheProcessTheLeaderSaw) {
    Fixture fixture;
    using Partition = AlterPartitionRequest::Partition;
    EXPECT_EQ(
        fixture.alter([](Partition& p) { p.new_isr_with_epochs[2].broker_epoch = BrokerEpoch{2}; }),
        ErrorCode::ineligible_replica);
    EXPECT_EQ(fixture.alter([](Partition& p) { p.new_isr_with_epochs[2].broker_id = BrokerId{9}; }),
              ErrorCode::invalid_request);
    EXPECT_EQ(fixture.alter(
                  [](Partition& p) { p.new_isr_with_epochs.erase(p.new_isr_with_epochs.begin()); }),
              ErrorCode::invalid_request);
    EXPECT_EQ(fixture.alter(
                  [](Partition& p) { p.leader_recovery_state = LeaderRecoveryState::recovering; }),
              ErrorCode::invalid_request);
    apply(fixture.image, Offset{6},
          BrokerRegistrationChangeRecord{
              .broker_id = BrokerId{3}, .broker_epoch = BrokerEpoch{3}, .fenced = FlagChange::set});
    EXPECT_EQ(fixture.alter([](Partition&) {}), ErrorCode::ineligible_replica);
}

TEST(AlterPartition, IsRefusedToAnOldProcessOfTheLeader) {
    Fixture fixture;
    apply(fixture.image, Offset{6},
          RegisterBrokerRecord{.broker_id = BrokerId{1},
                               .incarnation_id = {2, 2},
                               .broker_epoch = BrokerEpoch{6},
                               .host = "b1",
                               .rack = std::nullopt});
    EXPECT_EQ(fixture.alter([](AlterPartitionRequest::Partition&) {}),
              ErrorCode::stale_broker_epoch);
}

TEST(BrokerHeartbeat, UnfencesOnlyABrokerThatHasReplayedItsRegistration) {
    MetadataImage image;
    apply(image, Offset{7},
          RegisterBrokerRecord{.broker_id = BrokerId{1},
                               .incarnation_id = {1, 1},
                               .broker_epoch = BrokerEpoch{7},
                               .host = "b1",
                               .rack = std::nullopt});
    const ClusterControl control({});
    const BrokerSessions sessions(9s);
    BrokerHeartbeatRequest request;
    request.broker_id = BrokerId{1};
    request.broker_epoch = BrokerEpoch{7};
    request.current_metadata_offset = Offset{6};
    EXPECT_TRUE(control.heartbeat(image, sessions, request).response.is_fenced);
    request.current_metadata_offset = Offset{7};
    EXPECT_FALSE(control.heartbeat(image, sessions, request).response.is_fenced);
    request.want_fence = true;
    EXPECT_TRUE(control.heartbeat(image, sessions, request).records.empty());
    request.broker_epoch = BrokerEpoch{6};
    EXPECT_EQ(control.heartbeat(image, sessions, request).response.error_code,
              ErrorCode::stale_broker_epoch);
}

TEST(BrokerRegistration, SecondProcessOfALiveBrokerIsRefusedUntilTheSessionEnds) {
    MetadataImage image;
    apply(image, Offset{7},
          RegisterBrokerRecord{.broker_id = BrokerId{1},
                               .incarnation_id = {1, 1},
                               .broker_epoch = BrokerEpoch{7},
                               .host = "b1",
                               .rack = std::nullopt});
    const ClusterControl control({});
    BrokerSessions sessions(9s);
    sessions.touch(BrokerId{1}, BrokerEpoch{7}, LocalTime(1s));
    BrokerRegistrationRequest request;
    request.cluster_id = "squall";
    request.broker_id = BrokerId{1};
    request.incarnation_id = {2, 2};
    request.listeners.push_back({.name = "PLAINTEXT", .host = "b1", .port = 9092});
    const auto at = [&](Duration now) {
        return control.register_broker(image, sessions, request, Offset{8}, LocalTime(now))
            .response;
    };
    EXPECT_EQ(at(9s).error_code, ErrorCode::duplicate_broker_registration);
    EXPECT_EQ(at(10s).error_code, ErrorCode::none);
    EXPECT_EQ(at(10s).broker_epoch, BrokerEpoch{8});
    request.incarnation_id = {1, 1};  // a retry
    EXPECT_EQ(at(2s).broker_epoch, BrokerEpoch{7});
}

TEST(CreateTopics, RefusesWithKafkasCodes) {
    const Fixture fixture;
    const auto create = [&](CreateTopicsRequest::Topic topic) {
        CreateTopicsRequest request;
        request.topics.push_back(std::move(topic));
        const auto decision = ReplicaControl({}).create_topics(fixture.image, request, 1);
        const ErrorCode error = decision.response.topics[0].error_code;
        EXPECT_EQ(error == ErrorCode::none, !decision.records.empty());
        return error;
    };
    const auto topic = [](std::string name, std::int32_t partitions, std::int16_t replication) {
        CreateTopicsRequest::Topic wanted;
        wanted.name = std::move(name);
        wanted.num_partitions = partitions;
        wanted.replication_factor = replication;
        return wanted;
    };
    EXPECT_EQ(create(topic("payments", 3, 3)), ErrorCode::none);
    EXPECT_EQ(create(topic("payments", -1, -1)), ErrorCode::none);
    EXPECT_EQ(create(topic("orders", 3, 3)), ErrorCode::topic_already_exists);
    EXPECT_EQ(create(topic("no spaces", 3, 3)), ErrorCode::invalid_topic_exception);
    EXPECT_EQ(create(topic("..", 3, 3)), ErrorCode::invalid_topic_exception);
    EXPECT_EQ(create(topic("", 3, 3)), ErrorCode::invalid_topic_exception);
    EXPECT_EQ(create(topic("payments", 0, 3)), ErrorCode::invalid_partitions);
    EXPECT_EQ(create(topic("payments", 3, 0)), ErrorCode::invalid_replication_factor);
    EXPECT_EQ(create(topic("payments", 3, 4)), ErrorCode::invalid_replication_factor);
    auto configured = topic("payments", 3, 3);
    configured.configs.push_back({"min.insync.replicas", "two"});
    EXPECT_EQ(create(configured), ErrorCode::invalid_config);
    auto assigned = topic("payments", -1, -1);
    assigned.assignments.push_back({0, {BrokerId{3}, BrokerId{3}}});
    EXPECT_EQ(create(assigned), ErrorCode::invalid_replica_assignment);
    assigned.assignments[0].broker_ids = {BrokerId{3}, BrokerId{1}};
    EXPECT_EQ(create(assigned), ErrorCode::none);
    assigned.num_partitions = 1;
    EXPECT_EQ(create(assigned), ErrorCode::invalid_request);
}

}  // namespace
}  // namespace squall::model
