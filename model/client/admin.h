// AdminClient: the few requests of administrators that scenarios need, in plain blocking style.
//
// Each call retries what may be retried until default.api.timeout.ms and emits AdminCompleted.
// Lives until the process of its node is destroyed, as its channels do.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/client/client_options.h"
#include "model/client/cluster_host.h"
#include "model/events/client_events.h"
#include "model/protocol/error_code.h"
#include "model/rpc/endpoint.h"
#include "sim/kernel/node.h"

namespace squall::model {

struct AdminOptions {
    ClientOptions client;
    std::chrono::milliseconds default_api_timeout{60000};

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        ClientOptions::describe(self.client, fields);
        fields("default.api.timeout.ms", self.default_api_timeout);
    }
};

struct NewTopic {
    std::string name;
    std::int32_t partitions = -1;   // -1: the broker's default
    std::int16_t replication = -1;  // -1: the broker's default
    std::map<std::string, std::string> configs;
};

struct AdminResult {
    Outcome outcome = Outcome::unknown;
    std::string error;  // "" for ok

    bool ok() const { return outcome == Outcome::ok; }
};

class AdminClient {
  public:
    // `bootstrap`: names of broker nodes. The constructor may run in a Process's.
    AdminClient(sim::Node& node, Fabric fabric, std::vector<std::string> bootstrap,
                AdminOptions options);
    AdminClient(const AdminClient&) = delete;
    AdminClient& operator=(const AdminClient&) = delete;

    // Ok as well where a topic exists already and an earlier attempt of this call may have made it.
    // May park.
    AdminResult create_topics(const std::vector<NewTopic>& topics);
    // Waits until the broker that is asked knows the topics with all their partitions, each with a
    // leader and an in-sync set of at least `min_isr`. False at the deadline. May park.
    bool await_topics(const std::vector<NewTopic>& topics, std::size_t min_isr, Duration timeout);
    // The offset at each partition's end (timestamp -1), start (-2), or of the first record at or
    // after a time. Partitions that did not answer in time are left out. May park.
    std::map<TopicPartition, Offset> list_offsets(
        const std::map<TopicPartition, TimestampMs>& timestamps,
        IsolationLevel isolation = IsolationLevel::read_uncommitted);
    // As metadata has it now; nullptr: unknown. May park, for a fresh answer.
    const TopicMetadata* describe_topic(const std::string& topic);

    void close();

  private:
    AdminResult tell(std::string request, Outcome outcome, std::string error);
    // False: no fresh metadata by the deadline. May park.
    bool refresh(LocalTime deadline);

    sim::Node& node_;
    AdminOptions options_;
    ClusterHost cluster_;
};

}  // namespace squall::model
