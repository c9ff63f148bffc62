// InputFile: records to send, one JSON object a line:
//
//     {"key": "customer-7", "value": {"any": "json"} or "text", "headers": {"h": "v"}, "timestamp":
//     1735689600000}
//
// `key`, `headers` and `timestamp` (milliseconds since the epoch) may be left out; a null value is
// a tombstone; a value that is no string is sent as compact JSON. Empty lines are skipped.
#pragma once

#include <string>
#include <vector>

#include "model/client/producer.h"

namespace squall::scenarios {

// Throws ScenarioError with file and line for whatever cannot be read or understood.
std::vector<model::ProducerRecord> read_input_file(const std::string& path,
                                                   const std::string& topic);

}  // namespace squall::scenarios
