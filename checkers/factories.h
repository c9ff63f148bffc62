// The makers of all checkers; registry.cc lists them with what they are about.
#pragma once

#include <memory>

#include "checkers/checker.h"

namespace squall::checkers {

std::unique_ptr<Checker> make_assignment(Contract contract);
std::unique_ptr<Checker> make_atomicity(Contract contract);
std::unique_ptr<Checker> make_audit(Contract contract);
std::unique_ptr<Checker> make_committed_offset(Contract contract);
std::unique_ptr<Checker> make_compaction(Contract contract);
std::unique_ptr<Checker> make_controller(Contract contract);
std::unique_ptr<Checker> make_delivery(Contract contract);
std::unique_ptr<Checker> make_duplicate(Contract contract);
std::unique_ptr<Checker> make_failed_send(Contract contract);
std::unique_ptr<Checker> make_fencing(Contract contract);
std::unique_ptr<Checker> make_hanging_transaction(Contract contract);
std::unique_ptr<Checker> make_high_watermark(Contract contract);
std::unique_ptr<Checker> make_idempotence(Contract contract);
std::unique_ptr<Checker> make_in_sync_set(Contract contract);
std::unique_ptr<Checker> make_inconsistent_offsets(Contract contract);
std::unique_ptr<Checker> make_liveness(Contract contract);
std::unique_ptr<Checker> make_lost_write(Contract contract);
std::unique_ptr<Checker> make_metadata(Contract contract);
std::unique_ptr<Checker> make_order(Contract contract);
std::unique_ptr<Checker> make_read_committed(Contract contract);
std::unique_ptr<Checker> make_replica_log(Contract contract);
std::unique_ptr<Checker> make_transaction_state(Contract contract);

}  // namespace squall::checkers
