// Shard: which part of a hunt this machine does, when several split it without talking. Job n of
// the whole hunt belongs to shard 1 + n mod N.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace squall::scenarios {

struct Shard {
    std::uint64_t number = 1;  // from 1
    std::uint64_t of = 1;

    bool owns(std::uint64_t job) const { return job % of == number - 1; }
    bool operator==(const Shard&) const = default;
};

// The value of an environment variable, or nullopt.
using Variable = std::function<std::optional<std::string>(const std::string& name)>;

// "3/8"; or "8" alone, with the number from the environment. Error: invalid_input.
Result<Shard> parse_shard(std::string_view text, const Variable& variable);

// What the array job around us says; nullopt outside one. Error: invalid_input where a variable is
// no number, or says which part this is, but nobody says of how many.
//
//   Slurm        SLURM_ARRAY_TASK_ID, _MIN, _STEP, _COUNT
//   Kubernetes   JOB_COMPLETION_INDEX (from 0); of how many is not told, so --shard N says it
//   AWS Batch    AWS_BATCH_JOB_ARRAY_INDEX (from 0), AWS_BATCH_JOB_ARRAY_SIZE
//   GitLab       CI_NODE_INDEX (from 1), CI_NODE_TOTAL
Result<std::optional<Shard>> shard_of_environment(const Variable& variable);

}  // namespace squall::scenarios
