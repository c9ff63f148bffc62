// What to do with records that cannot be handled. At least once, where "handled" includes: put
// aside for people to look at, in a dead-letter topic.
//
//   dead-letter   tries a poisonous record a few times in its place, then sends it to `orders.dlt`.
//                 In order.
//       poison-dropped           goes on without it
//       dead-letter-not-awaited  commits before the dead-letter topic has it
//   retry-topics  sends what failed to `orders.retry-1`, then to `orders.retry-2`, where it waits
//   its
//                 time (1 s, 4 s) without holding up the others, at last to `orders.dlt`. Not in
//                 order.
//       retry-not-awaited        commits before the next topic has it
#pragma once

#include <map>
#include <string>

#include "model/client/producer.h"
#include "model/patterns/handler.h"

namespace squall::model {

inline constexpr const char* orders_topic = "orders";
inline constexpr const char* dead_letter_topic = "orders.dlt";
inline constexpr const char* first_retry_topic = "orders.retry-1";
inline constexpr const char* second_retry_topic = "orders.retry-2";

class DeadLetterHandler final : public Handler {
  public:
    DeadLetterHandler(Station station, Business& business, std::string ledger,
                      std::vector<std::string> topics);

  private:
    void take(const Batch& batch) override;
    // False: it could not be handled.
    bool try_in_place(const ConsumerRecord& record);
    void bury(const ConsumerRecord& record);

    Producer producer_;
};

class RetryHandler final : public Handler {
  public:
    RetryHandler(Station station, Business& business, std::string ledger,
                 std::vector<std::string> topics);

  private:
    void take(const Batch& batch) override;
    void before_poll() override;
    // Who gets a partition again gets it unpaused, and from where the group has committed.
    RebalanceCallbacks callbacks() override;
    // Where it goes when it failed here.
    static const char* next_topic(const std::string& topic);
    static Duration delay_of(const std::string& topic);
    // The partition is read no further before `due`.
    void hold_back(const ConsumerRecord& record, WallTime due);
    void forward(const ConsumerRecord& record);

    Producer producer_;
    std::map<TopicPartition, WallTime> held_back_;
};

}  // namespace squall::model
