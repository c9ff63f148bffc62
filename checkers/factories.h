// The makers of all checkers; registry.cc lists them with what they are about.
#pragma once

#include <memory>

#include "checkers/checker.h"

namespace squall::checkers {

std::unique_ptr<Checker> make_assignment(const Casebook& book);
std::unique_ptr<Checker> make_atomicity(const Casebook& book);
std::unique_ptr<Checker> make_audit(const Casebook& book);
std::unique_ptr<Checker> make_committed_offset(const Casebook& book);
std::unique_ptr<Checker> make_compaction(const Casebook& book);
std::unique_ptr<Checker> make_controller(const Casebook& book);
std::unique_ptr<Checker> make_delivery(const Casebook& book);
std::unique_ptr<Checker> make_duplicate(const Casebook& book);
std::unique_ptr<Checker> make_election(const Casebook& book);
std::unique_ptr<Checker> make_failed_send(const Casebook& book);
std::unique_ptr<Checker> make_fencing(const Casebook& book);
std::unique_ptr<Checker> make_hanging_transaction(const Casebook& book);
std::unique_ptr<Checker> make_high_watermark(const Casebook& book);
std::unique_ptr<Checker> make_idempotence(const Casebook& book);
std::unique_ptr<Checker> make_in_sync_set(const Casebook& book);
std::unique_ptr<Checker> make_inconsistent_offsets(const Casebook& book);
std::unique_ptr<Checker> make_ledger(const Casebook& book);
std::unique_ptr<Checker> make_liveness(const Casebook& book);
std::unique_ptr<Checker> make_log_start(const Casebook& book);
std::unique_ptr<Checker> make_lost_write(const Casebook& book);
std::unique_ptr<Checker> make_metadata(const Casebook& book);
std::unique_ptr<Checker> make_offset_gap(const Casebook& book);
std::unique_ptr<Checker> make_order(const Casebook& book);
std::unique_ptr<Checker> make_read_committed(const Casebook& book);
std::unique_ptr<Checker> make_replica_log(const Casebook& book);
std::unique_ptr<Checker> make_transaction_state(const Casebook& book);

}  // namespace squall::checkers
