#include "scenarios/workloads/input_file.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "scenarios/scenario_file.h"

namespace squall::scenarios {
namespace {

using nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& path, int line, std::string message) {
    throw ScenarioError{.file = path, .line = line, .column = 1, .message = std::move(message)};
}

Bytes content_of(const ordered_json& value) {
    return to_bytes(value.is_string() ? value.get<std::string>() : value.dump());
}

model::ProducerRecord parse_line(const std::string& path, int line, const std::string& text,
                                 const std::string& topic) {
    ordered_json object;
    try {
        object = ordered_json::parse(text);
    } catch (const ordered_json::parse_error& error) {
        throw ScenarioError{
            .file = path,
            .line = line,
            .column = static_cast<int>(std::max<std::size_t>(error.byte, 1)),
            .message = R"(not JSON; expected an object like {"key": "k", "value": "v"})"};
    }
    if (!object.is_object()) {
        refuse(path, line, R"(expected an object like {"key": "k", "value": "v"})");
    }
    if (!object.contains("value")) refuse(path, line, "the object has no \"value\"");
    model::ProducerRecord record;
    record.topic = topic;
    for (const auto& [name, value] : object.items()) {
        if (name == "key") {
            if (!value.is_null()) record.key = content_of(value);
        } else if (name == "value") {
            if (!value.is_null()) record.value = content_of(value);
        } else if (name == "headers") {
            if (!value.is_object()) refuse(path, line, "\"headers\" must be an object of strings");
            for (const auto& [header, content] : value.items()) {
                record.headers.push_back({header, content.is_null()
                                                      ? std::nullopt
                                                      : std::optional(content_of(content))});
            }
        } else if (name == "timestamp") {
            if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
                refuse(path, line, "\"timestamp\" must be milliseconds since 1970");
            }
            record.timestamp = value.get<std::int64_t>();
        } else {
            refuse(path, line,
                   "unknown key \"" + name + "\"" +
                       suggestion(name, {"key", "value", "headers", "timestamp"}));
        }
    }
    return record;
}

}  // namespace

std::vector<model::ProducerRecord> read_input_file(const std::string& path,
                                                   const std::string& topic) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw ScenarioError{.file = path, .message = "workload.input: the file cannot be opened"};
    }
    std::vector<model::ProducerRecord> records;
    std::string text;
    for (int line = 1; std::getline(in, text); ++line) {
        if (!text.empty() && text.back() == '\r') text.pop_back();
        if (text.empty()) continue;
        records.push_back(parse_line(path, line, text, topic));
    }
    // A directory opens, and fails at the first read.
    if (in.bad() || !in.eof()) {
        throw ScenarioError{.file = path, .message = "workload.input: the file cannot be read"};
    }
    if (records.empty()) {
        throw ScenarioError{.file = path, .message = "workload.input: the file holds no record"};
    }
    return records;
}

}  // namespace squall::scenarios
