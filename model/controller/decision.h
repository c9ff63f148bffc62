// Decision: what the controller makes of a request. The records change the image once they are
// applied; the response is given once they are committed. An empty list of records is an answer
// that changes nothing, and is given when what it was read from is committed.
#pragma once

#include <string>
#include <vector>

#include "model/controller/records.h"

namespace squall::model {

template <class Response>
struct Decision {
    std::vector<MetadataRecord> records;  // one atomic batch
    Response response;
    std::string reason;  // for the trace: "broker fenced", "alter partition", ...
};

}  // namespace squall::model
