#include "checkers/checker.h"
#include "checkers/factories.h"

namespace squall::checkers {

const std::vector<CheckerEntry>& all_checkers() {
    static const std::vector<CheckerEntry> entries{
        {"assignment", "at most one owner of a partition per group and generation",
         "KIP-429; guarantees: one owner", make_assignment},
        {"atomicity", "all of a transaction, or nothing of it, as its application was told",
         "guarantees: all or nothing; KIP-98, KIP-890, KAFKA-17754", make_atomicity, true},
        {"audit", "the disks hold what the trace claims", "guarantees: replicas agree; KIP-98 CRC",
         make_audit, true},
        {"committed-offset", "committed offsets cover only what was delivered, and do not go back",
         "guarantees: committed offset; KIP-62", make_committed_offset},
        {"compaction", "a table that is read from the beginning ends as it was written",
         "KIP-534, KAFKA-13194; guarantees: retention or compaction", make_compaction, true},
        {"controller", "only the leader of the quorum decides, and only while it leads",
         "guarantees: no effect from a fenced controller; KAFKA-15489", make_controller},
        {"delivery", "a group is handed every record below its committed offset",
         "guarantees: at-least-once per group", make_delivery, true},
        {"duplicate", "a record stands at one offset of its partition",
         "Jepsen kafka: duplicate; KIP-98", make_duplicate},
        {"election", "nobody is elected, or let in, who must not be",
         "KIP-841, KIP-106, KIP-966; guarantees: unclean off", make_election},
        {"failed-send", "a record whose send was told failed is nowhere to be seen",
         "Adya: G1a; Jepsen kafka", make_failed_send},
        {"fencing", "no effect from a fenced producer or transaction coordinator",
         "guarantees: no effect from a fenced producer; KIP-360, KIP-1228", make_fencing},
        {"hanging-transaction", "after the storm, every transaction is ended in time",
         "guarantees: liveness, LSO advanced; KIP-664", make_hanging_transaction, true},
        {"high-watermark", "high watermarks are true, and nobody reads above them",
         "kafka-specification: StrongIsr, ValidHighWatermark; KIP-101", make_high_watermark},
        {"idempotence", "numbered records stand in order, once, without gaps",
         "guarantees: no duplicates, send order; KIP-98", make_idempotence},
        {"in-sync-set", "whoever stands for what is committed was let in by a leader, as it is now",
         "KIP-966, KIP-903; guarantees: acknowledged record readable", make_in_sync_set},
        {"inconsistent-offsets", "an offset holds one value, whoever looks",
         "Jepsen kafka: inconsistent-offsets", make_inconsistent_offsets},
        {"ledger", "each accepted event has the effects that its pattern promises, and no others",
         "guarantees: at-least-once, redelivery; the pattern's own promise", make_ledger, true},
        {"liveness", "after the storm: leaders, whole in-sync sets, settled groups",
         "guarantees: liveness", make_liveness, true},
        {"log-start", "what leaves a log at its start, or is compacted, may go",
         "KIP-107, KAFKA-5634; guarantees: retention or compaction recorded", make_log_start},
        {"lost-write", "an acknowledged record can be read at its offset",
         "Jepsen kafka: lost-write, unseen; KIP-966", make_lost_write, true},
        {"metadata", "one raft leader per epoch, one vote, committed metadata never changes",
         "Raft (Ongaro 2014), ch. 3; KIP-595", make_metadata},
        {"offset-gap", "offsets follow each other, in logs and in what is handed out",
         "guarantees: holes in offsets; Jepsen kafka: poll-skip", make_offset_gap},
        {"order", "sends keep their order, and positions move forward",
         "Jepsen kafka: nonmonotonic-send, nonmonotonic-poll; KIP-98", make_order},
        {"read-committed", "read_committed sees what is committed, all of it, and nothing else",
         "Adya: G1a; guarantees: LSO; KIP-98", make_read_committed},
        {"replica-log", "same offset and leader epoch: same batch and same prefix",
         "Raft: log matching; KIP-101, KIP-279", make_replica_log},
        {"transaction-state", "a transaction coordinator is what its log makes it",
         "semantics: transaction states; KIP-98, KIP-890", make_transaction_state, true},
    };
    return entries;
}

}  // namespace squall::checkers
