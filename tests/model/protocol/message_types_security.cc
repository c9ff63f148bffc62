#include "tests/model/protocol/message_type.h"

namespace squall::model {

void add_security_messages(std::vector<MessageType>& types) {
    add_messages(TypeList<SaslHandshakeRequest, SaslAuthenticateRequest, DescribeAclsRequest,
                          CreateAclsRequest, DeleteAclsRequest, DescribeClientQuotasRequest,
                          AlterClientQuotasRequest, DescribeUserScramCredentialsRequest,
                          AlterUserScramCredentialsRequest>{},
                 types);
}

}  // namespace squall::model
