// BrokerConfig: the settings of one server, gathered from the rooms that read them, under Kafka's
// keys and with Kafka's defaults. Each option struct lives beside the code it configures.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/broker/fetch_session_options.h"
#include "model/controller/broker_lifecycle_options.h"
#include "model/controller/controller_options.h"
#include "model/controller/metadata_chronicle.h"
#include "model/coordinator/group/group_options.h"
#include "model/coordinator/transaction/transaction_options.h"
#include "model/log/broker_log_settings.h"
#include "model/raft/raft_options.h"
#include "model/replica/replica_options.h"
#include "model/replica/replica_selector.h"

namespace squall::model {

struct BrokerConfig {
    std::string cluster_id = "squall";
    bool auto_create_topics_enable = true;
    // How long a failed automatic creation waits before it may be asked for again.
    std::chrono::milliseconds auto_create_retry_backoff{100};
    // How long, and how often, what only a controller can decide is sent to one.
    std::chrono::milliseconds forwarding_retry_timeout{60000};
    std::chrono::milliseconds forwarding_retry_backoff{100};
    // Of one fetch, whatever the fetcher asks for; one batch always comes.
    std::int32_t fetch_max_bytes = 55 << 20;
    ReplicaOptions replica;
    BrokerLogSettings logs;
    // Which replica a consumer is sent to (KIP-392).
    ReplicaSelector replica_selector = ReplicaSelector::leader;
    FetchSessionOptions fetch_sessions;
    GroupCoordinatorOptions groups;
    TransactionOptions transactions;
    ControllerOptions controller;
    RaftOptions raft;
    // Of the cluster that the broker or controller is part of; of no setting.
    std::shared_ptr<MetadataChronicle> chronicle;
    BrokerLifecycleOptions lifecycle;

    // A key that two rooms read (min.insync.replicas) is listed by each of them and set in both.
    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("cluster.id", self.cluster_id);
        fields("auto.create.topics.enable", self.auto_create_topics_enable);
        fields("fetch.max.bytes", self.fetch_max_bytes, int_from(1024));
        fields("replica.selector.class", self.replica_selector);
        FetchSessionOptions::describe(self.fetch_sessions, fields);
        ReplicaOptions::describe(self.replica, fields);
        BrokerLogSettings::describe(self.logs, fields);
        GroupCoordinatorOptions::describe(self.groups, fields);
        TransactionOptions::describe(self.transactions, fields);
        ControllerOptions::describe(self.controller, fields);
        RaftOptions::describe(self.raft, fields);
        BrokerLifecycleOptions::describe(self.lifecycle, fields);
    }
};

}  // namespace squall::model
