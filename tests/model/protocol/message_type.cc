#include "tests/model/protocol/message_type.h"

#include <rapidcheck.h>

namespace squall::model {

std::vector<MessageType> every_message() {
    std::vector<MessageType> types;
    add_topic_messages(types);
    add_group_messages(types);
    add_transaction_messages(types);
    add_admin_messages(types);
    add_security_messages(types);
    add_cluster_messages(types);
    return types;
}

ApiVersion MessageType::any_version() const {
    return *rc::gen::inRange(versions.min, static_cast<ApiVersion>(versions.max + 1));
}

}  // namespace squall::model
