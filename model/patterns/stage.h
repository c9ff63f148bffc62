// Consume-process-produce, one stage or several in a row: what a stage makes of its input, and how
// far it has read, are committed in one transaction, and the next one reads only what is committed.
// At the end a sink writes into the database, together with its position there. Exactly once, in
// order.
//
//   offsets-aside     the stage commits its offsets after the transaction: a crash in between makes
//                     the same output again
//   plain-stages      no transactions at all: the same
//   read-uncommitted  readers do not wait for transactions to be committed: they see what was taken
//                     back, and then what replaced it
#pragma once

#include <memory>
#include <string>

#include "model/patterns/handler.h"
#include "model/patterns/transactional_client.h"

namespace squall::model {

class Stage final : public Handler {
  public:
    // From `input` to `output`.
    Stage(Station station, Business& business, std::string input, std::string output);

  private:
    void prepare() override;
    void take(const Batch& batch) override;
    void take_plainly(const Batch& batch);
    ProducerRecord process(const ConsumerRecord& record);

    std::string output_;
    TransactionalClient client_;
    std::unique_ptr<Producer> plain_;  // of plain-stages
};

// Reads all of a topic by itself, without a group: its positions stand in the database.
class DatabaseSink final : public sim::Process {
  public:
    DatabaseSink(Station station, Business& business, std::string ledger, std::string topic,
                 std::int32_t partitions);

  private:
    void run();
    void begin_where_it_was();
    void store(const std::vector<ConsumerRecord>& batch);

    Station station_;
    Business& business_;
    std::string ledger_;
    std::vector<TopicPartition> partitions_;
    Consumer consumer_;
};

}  // namespace squall::model
