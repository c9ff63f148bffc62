// TransactionalClient: a transactional.id and the producer that stands for it now, with the loops
// that Kafka's documentation asks of applications around each call.
//
// A commit or abort without an answer is asked again until there is one; a fatal error ends the
// producer, and the next transaction begins with a new one. Every call may park.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "model/patterns/station.h"

namespace squall::model {

class TransactionalClient {
  public:
    enum class End { committed, aborted, fenced };
    // Puts into the transaction what belongs there. False: the application takes it back.
    using Body = std::function<bool(Producer&)>;

    TransactionalClient(Station station, std::string transactional_id);

    // Ends what an earlier process of the id left open, as an application does before it reads its
    // input: its own offsets may be among what nobody has decided about. Without it, the first
    // transaction does.
    void prepare() { ready(); }
    // One transaction from its beginning to a known end. `fenced`: or refused for good otherwise;
    // what became of it is the coordinator's affair, and the next call starts a new producer, which
    // will fence whoever stands for the id by then.
    End transact(const Body& body);

  private:
    // A producer that may begin a transaction; null: it was fenced while it was initialised.
    Producer* ready();
    End commit(Producer& producer);
    End abort(Producer& producer);
    End give_up();

    Station station_;
    std::string transactional_id_;
    std::vector<std::unique_ptr<Producer>> producers_;  // they live as long as the process
    bool is_ready_ = false;                             // the last of them
};

// After a transaction that was not committed, as far as anybody told: back to where the group has
// committed, in the partitions of `batch` that are still the consumer's. Its position knows nothing
// of transactions (KAFKA-17582). Where the group cannot be asked, to the front of the batch. May
// park.
void rewind_to_committed(Consumer& consumer, const std::vector<ConsumerRecord>& batch);

}  // namespace squall::model
