#include "scenarios/hunt/shard.h"

#include <charconv>
#include <vector>

namespace squall::scenarios {
namespace {

struct ArrayVariables {
    std::string index;
    std::string total;  // empty: not told
    std::string first;  // the lowest index is the value of this; empty: `first_index`
    std::string step;
    std::uint64_t first_index = 0;
};

const std::vector<ArrayVariables>& known_arrays() {
    static const std::vector<ArrayVariables> arrays = {
        {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
         "SLURM_ARRAY_TASK_STEP", 0},
        {"JOB_COMPLETION_INDEX", "", "", "", 0},
        {"AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", "", "", 0},
        {"CI_NODE_INDEX", "CI_NODE_TOTAL", "", "", 1},
    };
    return arrays;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end || text.empty()) return std::nullopt;
    return value;
}

Error bad(std::string message) {
    return Error{Failure::invalid_input, std::move(message)};
}

Result<std::uint64_t> number_in(const Variable& variable, const std::string& name,
                                std::uint64_t otherwise) {
    const std::optional<std::string> text = name.empty() ? std::nullopt : variable(name);
    if (!text) return otherwise;
    const std::optional<std::uint64_t> number = parse_number(*text);
    if (!number) return bad(fmt::format("{}={}: expected a whole number", name, *text));
    return *number;
}

Result<Shard> checked(std::uint64_t number, std::uint64_t of, std::string_view where) {
    if (of == 0 || number == 0 || number > of) {
        return bad(fmt::format("{}: expected a shard from 1 to the number of shards, found {}/{}",
                               where, number, of));
    }
    return Shard{number, of};
}

// The number of this shard, from 1, as the environment tells it; nullopt outside an array job.
Result<std::optional<std::uint64_t>> number_of_environment(const Variable& variable,
                                                           const ArrayVariables& array) {
    const std::optional<std::string> text = variable(array.index);
    if (!text) return std::optional<std::uint64_t>();
    const Result<std::uint64_t> index = number_in(variable, array.index, 0);
    if (!index) return index.error();
    const Result<std::uint64_t> first = number_in(variable, array.first, array.first_index);
    if (!first) return first.error();
    const Result<std::uint64_t> step = number_in(variable, array.step, 1);
    if (!step) return step.error();
    if (*index < *first || *step == 0) {
        return bad(fmt::format("{}={}: below the first index {}", array.index, *text, *first));
    }
    return std::optional((*index - *first) / *step + 1);
}

}  // namespace

Result<Shard> parse_shard(std::string_view text, const Variable& variable) {
    const std::string where = fmt::format("--shard {}", text);
    const std::size_t slash = text.find('/');
    const std::optional<std::uint64_t> of =
        parse_number(slash == std::string_view::npos ? text : text.substr(slash + 1));
    if (slash != std::string_view::npos) {
        const std::optional<std::uint64_t> number = parse_number(text.substr(0, slash));
        if (!number || !of) return bad(where + ": expected I/N, like 3/8");
        return checked(*number, *of, where);
    }
    if (!of) return bad(where + ": expected I/N, like 3/8, or N in an array job");
    for (const ArrayVariables& array : known_arrays()) {
        const Result<std::optional<std::uint64_t>> number = number_of_environment(variable, array);
        if (!number) return number.error();
        if (*number) return checked(**number, *of, where);
    }
    return bad(where +
               ": which of them this is stands in no variable of an array job; expected I/N");
}

Result<std::optional<Shard>> shard_of_environment(const Variable& variable) {
    for (const ArrayVariables& array : known_arrays()) {
        const Result<std::optional<std::uint64_t>> number = number_of_environment(variable, array);
        if (!number) return number.error();
        if (!*number) continue;
        const Result<std::uint64_t> of = number_in(variable, array.total, 0);
        if (!of) return of.error();
        if (*of == 0) {
            return bad(fmt::format("{} is set, but not of how many: say --shard N", array.index));
        }
        const Result<Shard> shard = checked(**number, *of, array.index);
        if (!shard) return shard.error();
        return std::optional(*shard);
    }
    return std::optional<Shard>();
}

}  // namespace squall::scenarios
