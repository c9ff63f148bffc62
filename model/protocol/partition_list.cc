#include "model/protocol/partition_list.h"

#include <fmt/core.h>

#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace squall::model {
namespace {

// {0, 1, 2, 5} is "0..2,5".
std::string list_numbers(const std::set<std::int32_t>& numbers) {
    std::string text;
    for (auto first = numbers.begin(); first != numbers.end();) {
        auto last = first;
        while (std::next(last) != numbers.end() && *std::next(last) == *last + 1) ++last;
        if (!text.empty()) text += ',';
        text += fmt::format("{}", *first);
        if (last != first) text += fmt::format("{}{}", *last == *first + 1 ? "," : "..", *last);
        first = std::next(last);
    }
    return text;
}

}  // namespace

std::string list_partitions(const std::vector<TopicPartition>& partitions) {
    std::map<std::pair<bool, std::string>, std::set<std::int32_t>> topics;
    for (const TopicPartition& partition : partitions) {
        topics[{partition.topic.starts_with("__"), partition.topic}].insert(partition.partition);
    }
    std::string text;
    for (const auto& [topic, numbers] : topics) {
        text +=
            fmt::format("{}{}-{}", text.empty() ? "" : ", ", topic.second, list_numbers(numbers));
    }
    return text;
}

}  // namespace squall::model
