// TransactionVerification: which producers a leader has asked their coordinator about, before it
// lets them begin a transaction in its partition (KIP-890): a batch that comes after its
// transaction ended must not begin one that nobody will end (KAFKA-12671).
//
// A batch of a producer without an open transaction needs a guard. The guard is made before the
// coordinator is asked and lives until a batch or a marker of the producer is appended: so a marker
// that is written while the coordinator's answer is on its way makes that answer worthless.
//
// Only on the leader, in one leader epoch, never in the log. Pure. Source: Kafka's
// VerificationGuard and VerificationStateEntry.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "model/protocol/batch_view.h"
#include "model/protocol/error_code.h"
#include "model/protocol/types.h"

namespace squall::model {

// Names one verification; zero is none.
using VerificationGuard = StrongId<struct VerificationGuardTag, std::uint64_t>;
inline constexpr VerificationGuard no_guard{0};

class TransactionVerification {
  public:
    // The producer's guard, made now if it has none. `bumps_epoch`: the producer speaks
    // transaction.version 2, so that each of its transactions has an epoch of its own.
    VerificationGuard begin(ProducerId producer, ProducerEpoch epoch, SequenceNumber first,
                            bool bumps_epoch);
    bool is_verified(ProducerId producer, VerificationGuard guard) const;
    // out_of_order_sequence_number for a batch that overtook one whose verification is under way
    // (KAFKA-14920): the leader knows no sequences of a new epoch yet that could tell. Nor may a
    // producer of version 2 begin elsewhere than with 0 where none of its batches is known
    // (`is_known`): what would come before was lost on its way.
    ErrorCode check_sequence(ProducerId producer, ProducerEpoch epoch, SequenceNumber first,
                             bool is_known) const;
    // A batch or a marker of the producer was appended.
    void end(ProducerId producer);

  private:
    struct Entry {
        VerificationGuard guard;
        ProducerEpoch epoch = no_producer_epoch;
        SequenceNumber lowest = no_sequence;
        bool bumps_epoch = false;
    };

    std::map<ProducerId, Entry> entries_;
    VerificationGuard last_ = no_guard;
};

}  // namespace squall::model
