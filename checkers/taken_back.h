// TakenBack: deliveries that count for nothing, because the transaction in which the application
// handled them did not commit (consume-process-produce, KIP-447).
//
// What a member was handed, and has not yet put into a transaction or committed, belongs to the
// next transaction to which its process gives an offset behind it. If that transaction must not
// commit, nothing came of these deliveries: the records have to be handed out again (KAFKA-17582:
// by an application that seeks). Where nobody knows how it ended they count. What a process had
// been handed when it died belongs to no transaction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/transaction_history.h"
#include "model/events/client_events.h"
#include "sim/trace/event.h"

namespace squall::checkers {

class TakenBack {
  public:
    using GroupPartition = std::pair<std::string, model::TopicPartition>;
    // How often each offset was handed out for nothing.
    using Counts = std::map<GroupPartition, std::map<model::Offset, std::uint32_t>>;

    void observe(const sim::Event& event);
    Counts count(const TransactionHistory& transactions) const;

  private:
    using Member = std::pair<sim::NodeId, GroupPartition>;

    // Takes what lies below `offset` from what the member has in hand.
    std::vector<model::Offset> take(const Member& member, model::Offset offset);

    std::map<Member, std::vector<model::Offset>> in_hand_;
    std::map<model::OperationId, std::map<GroupPartition, std::vector<model::Offset>>> handled_;
};

}  // namespace squall::checkers
