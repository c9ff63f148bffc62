// The codec of what an unsecured broker is asked about access, quotas and credentials.
#include "model/protocol/messages/alter_client_quotas.h"
#include "model/protocol/messages/alter_user_scram_credentials.h"
#include "model/protocol/messages/create_acls.h"
#include "model/protocol/messages/delete_acls.h"
#include "model/protocol/messages/describe_acls.h"
#include "model/protocol/messages/describe_client_quotas.h"
#include "model/protocol/messages/describe_user_scram_credentials.h"
#include "model/protocol/messages/sasl_authenticate.h"
#include "model/protocol/messages/sasl_handshake.h"
#include "model/protocol/wire_codec.h"

namespace squall::model {

SQUALL_INSTANTIATE_API(SaslHandshake);
SQUALL_INSTANTIATE_API(SaslAuthenticate);
SQUALL_INSTANTIATE_API(DescribeAcls);
SQUALL_INSTANTIATE_API(CreateAcls);
SQUALL_INSTANTIATE_API(DeleteAcls);
SQUALL_INSTANTIATE_API(DescribeClientQuotas);
SQUALL_INSTANTIATE_API(AlterClientQuotas);
SQUALL_INSTANTIATE_API(DescribeUserScramCredentials);
SQUALL_INSTANTIATE_API(AlterUserScramCredentials);

}  // namespace squall::model
