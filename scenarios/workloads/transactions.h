// transactions: applications that write in transactions, as KafkaProducer's documentation tells
// them to.
//
// "publisher" writes each order to three topics at once: orders, payments, shipments. One order in
// ten it takes back: it aborts the transaction, some of them before anything was sent; so do the
// workers. The members of the groups consume orders, and write copies and their offsets in one
// transaction each (consume-process-produce, KIP-447); one that was aborted they read again.
// "worker-1" and "worker-2" are two instances with one transactional.id: one works, and the other
// takes over when it sees no progress, as an orchestrator would have it; so whoever was paused
// comes back as a zombie. "viewer" reads everything read_committed all the time; "reader" does so
// in the calm, from the beginning.
//
// A commit without an answer is repeated until there is one; an error that only an abort can mend
// is met by an abort, a fatal one by a new producer. `rate` counts the publisher's transactions.
//
// Machines: "admin", "publisher", "worker-1", "worker-2", "viewer", "reader", and the members.
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

WorkloadEntry transactions_workload();

}  // namespace squall::scenarios
