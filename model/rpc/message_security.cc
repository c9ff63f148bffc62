// The bodies of what an unsecured broker is asked about access, quotas and credentials, as
// messages.
#include "model/protocol/messages/alter_client_quotas.h"
#include "model/protocol/messages/alter_user_scram_credentials.h"
#include "model/protocol/messages/create_acls.h"
#include "model/protocol/messages/delete_acls.h"
#include "model/protocol/messages/describe_acls.h"
#include "model/protocol/messages/describe_client_quotas.h"
#include "model/protocol/messages/describe_user_scram_credentials.h"
#include "model/protocol/messages/sasl_authenticate.h"
#include "model/protocol/messages/sasl_handshake.h"
#include "model/rpc/message_body.h"

namespace squall::model {

SQUALL_INSTANTIATE_BODIES(SaslHandshake);
SQUALL_INSTANTIATE_BODIES(SaslAuthenticate);
SQUALL_INSTANTIATE_BODIES(DescribeAcls);
SQUALL_INSTANTIATE_BODIES(CreateAcls);
SQUALL_INSTANTIATE_BODIES(DeleteAcls);
SQUALL_INSTANTIATE_BODIES(DescribeClientQuotas);
SQUALL_INSTANTIATE_BODIES(AlterClientQuotas);
SQUALL_INSTANTIATE_BODIES(DescribeUserScramCredentials);
SQUALL_INSTANTIATE_BODIES(AlterUserScramCredentials);

}  // namespace squall::model
