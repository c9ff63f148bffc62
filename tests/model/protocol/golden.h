// The golden bytes of tests/golden/records: "name hex" a line.
#pragma once

#include <map>
#include <string>

#include "sim/base/bytes.h"

namespace squall::model {

using Golden = std::map<std::string, Bytes>;

// `file` without folder: "kafkajs.txt". Empty if it cannot be read.
Golden read_golden(const std::string& file);

}  // namespace squall::model
