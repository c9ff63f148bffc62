#include "model/coordinator/transaction/transaction_metadata.h"

namespace squall::model {

std::string_view to_string(TransactionState state) {
    switch (state) {
        case TransactionState::empty:
            return "Empty";
        case TransactionState::ongoing:
            return "Ongoing";
        case TransactionState::prepare_commit:
            return "PrepareCommit";
        case TransactionState::prepare_abort:
            return "PrepareAbort";
        case TransactionState::complete_commit:
            return "CompleteCommit";
        case TransactionState::complete_abort:
            return "CompleteAbort";
        case TransactionState::dead:
            return "Dead";
    }
    return "?";
}

bool may_follow(TransactionState from, TransactionState to) {
    const bool is_over = from == TransactionState::empty ||
                         from == TransactionState::complete_commit ||
                         from == TransactionState::complete_abort;
    switch (to) {
        case TransactionState::empty:
        case TransactionState::dead:
            return is_over;
        case TransactionState::ongoing:
        case TransactionState::prepare_abort:
            return is_over || from == TransactionState::ongoing;
        case TransactionState::prepare_commit:
            return from == TransactionState::ongoing;
        case TransactionState::complete_commit:
            return from == TransactionState::prepare_commit;
        case TransactionState::complete_abort:
            return from == TransactionState::prepare_abort;
    }
    return false;
}

}  // namespace squall::model
