// Handler: a member of a consumer group that does something to the world for each order. The loop,
// and what all of them do alike; the delivery patterns differ in when they commit, and in what they
// keep beside the effect.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/client/consumer.h"
#include "model/patterns/business.h"
#include "model/patterns/station.h"
#include "sim/kernel/node.h"

namespace squall::model {

class Handler : public sim::Process {
  public:
    // `ledger`: where its effects are written down.
    Handler(Station station, Business& business, std::string ledger,
            std::vector<std::string> topics);

    // The poll that is under way comes to its end, what it gave is taken care of, then the member
    // leaves its group.
    bool begin_shutdown() override {
        is_leaving_ = true;
        return true;
    }

  protected:
    using Batch = std::vector<ConsumerRecord>;

    // Sees to what a poll gave, in a task of its own. May park.
    virtual void take(const Batch& batch) = 0;
    // Before it joins its group. May park.
    virtual void prepare() {}
    // Before each poll. May park.
    virtual void before_poll() {}
    virtual RebalanceCallbacks callbacks() { return {}; }

    // What handling an order takes, before its effect is there. May park, and may end the process
    // (mishaps.h).
    void work(const ConsumerRecord& record);
    // The effect, alone. May park.
    void apply(const ConsumerRecord& record);
    // Inside a transaction of the database.
    void note_effect(Tables& tables, const Order& order);
    void tell_handled(const ConsumerRecord& record);
    // They will be read again, where this member still has their partitions.
    void rewind(const Batch& batch);
    bool is_leaving() const { return is_leaving_; }

    Station station_;
    Business& business_;
    std::string ledger_;
    Consumer consumer_;

  private:
    void run();
    // Where something has it leave its group for a while.
    void stay_away_if_due();

    std::vector<std::string> topics_;
    bool is_leaving_ = false;
};

}  // namespace squall::model
