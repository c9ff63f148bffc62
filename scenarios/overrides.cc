#include "scenarios/overrides.h"

#include <toml++/toml.h>

#include <algorithm>

#include "model/bugs.h"
#include "scenarios/scenario_toml.h"

namespace squall::scenarios {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t dot = path.find('.');
        parts.emplace_back(path.substr(0, dot));
        if (dot == std::string_view::npos) return parts;
        path = path.substr(dot + 1);
    }
}

[[noreturn]] void refuse(const Override& change, std::string message) {
    throw ScenarioError{.file = "--set " + change.path + "=" + change.value,
                        .message = std::move(message)};
}

// The value as TOML where it is TOML, else as a string: `--set workload.input=orders.jsonl`.
toml::table parse_value(const std::string& value) {
    try {
        return toml::parse("value = " + value);
    } catch (const toml::parse_error&) {
        toml::table text;
        text.insert("value", value);
        return text;
    }
}

void set(toml::table& table, const std::vector<std::string>& parts, std::size_t depth,
         const Override& change) {
    const std::string& part = parts[depth];
    if (part.empty()) refuse(change, "the path has an empty part");
    if (depth + 1 == parts.size()) {
        const toml::table value = parse_value(change.value);
        table.insert_or_assign(part, *value.get("value"));
        return;
    }
    if (part == "*") {
        for (auto&& [name, node] : table) {
            if (auto* inner = node.as_table()) set(*inner, parts, depth + 1, change);
        }
        return;
    }
    toml::node* const node = table.get(part);
    // [[fault]] and [[admin]] are reached by id.
    if (depth == 0 && (part == "fault" || part == "admin")) {
        const bool every = parts[1] == "*";
        std::vector<std::string> ids;
        if (node != nullptr && node->is_array()) {
            for (toml::node& element : *node->as_array()) {
                toml::table* const entry = element.as_table();
                if (entry == nullptr) continue;
                const std::string id = (*entry)["id"].value_or(std::string());
                if (every && parts.size() > 2) {
                    set(*entry, parts, 2, change);
                } else if (id == parts[1] && parts.size() > 2) {
                    return set(*entry, parts, 2, change);
                }
                ids.push_back(id);
            }
        }
        if (parts.size() == 2) {
            refuse(change, fmt::format("which key of the {}? {}.ID.KEY=VALUE",
                                       part == "fault" ? part : "step", part));
        }
        if (every) return;
        refuse(change, fmt::format("no {} has the id '{}'{}", part == "fault" ? part : "step",
                                   parts[1], suggestion(parts[1], ids)));
    }
    if (node == nullptr) {
        table.insert(part, toml::table{});
        return set(*table.get_as<toml::table>(part), parts, depth + 1, change);
    }
    if (!node->is_table()) refuse(change, "'" + part + "' is a value, not a table");
    set(*node->as_table(), parts, depth + 1, change);
}

void add_to_list(toml::table& table, std::string_view key, std::string_view value) {
    if (!table.contains(key)) table.insert(key, toml::array{});
    if (auto* list = table.get_as<toml::array>(key)) list->push_back(value);
}

void settle(toml::table& document, const Override& change);

void arm(toml::table& document, const std::string& text) {
    const std::size_t at = text.find('@');
    const std::string id = text.substr(0, at);
    const model::BugEntry* const bug = model::find_bug(id);
    if (bug == nullptr) {
        std::vector<std::string> known;
        for (const model::BugEntry& entry : model::all_bugs()) {
            known.emplace_back(entry.id);
            known.emplace_back(entry.name);
        }
        throw ScenarioError{.file = "--bug " + text,
                            .message = "unknown bug '" + id + "'" + suggestion(id, known) +
                                       " (see `squall list bugs`)"};
    }
    if (at != std::string::npos) {
        if (bug->is_configuration()) {
            throw ScenarioError{
                .file = "--bug " + text,
                .message = fmt::format("{} is a configuration of the whole cluster: "
                                       "it cannot be armed on one node",
                                       bug->id)};
        }
        const std::string node = text.substr(at + 1);
        if (!document.contains("node")) document.insert("node", toml::table{});
        toml::table& nodes = *document.get_as<toml::table>("node");
        if (!nodes.contains(node)) nodes.insert(node, toml::table{});
        add_to_list(*nodes.get_as<toml::table>(node), "bugs", bug->id);
        return;
    }
    for (const model::BugSetting& setting : bug->settings) {
        const Override change{std::string(setting.path), std::string(setting.value)};
        set(document, split(change.path), 0, change);
        settle(document, change);
    }
    add_to_list(document, "bugs", bug->id);
}

// Whether a path of --set, with its "*", means `path`.
bool means(const Override& change, std::string_view path) {
    const std::vector<std::string> wanted = split(change.path);
    const std::vector<std::string> found = split(path);
    return std::ranges::equal(wanted, found, [](const std::string& one, const std::string& other) {
        return one == "*" || one == other;
    });
}

// What is said is not left to a seed any more.
void settle(toml::table& document, const Override& change) {
    toml::table* const swarm = document.get_as<toml::table>("swarm");
    if (swarm == nullptr) return;
    std::vector<std::string> settled;
    for (const auto& [path, choice] : *swarm) {
        if (means(change, path.str())) settled.emplace_back(path.str());
    }
    for (const std::string& path : settled) swarm->erase(path);
    toml::table* const rarely = swarm->get_as<toml::table>("rarely");
    toml::array* const sets = rarely == nullptr ? nullptr : rarely->get_as<toml::array>("sets");
    if (sets == nullptr) return;
    // What is left of a set need not go together.
    for (auto set = sets->begin(); set != sets->end();) {
        const toml::table* const entries = set->as_table();
        const bool is_settled =
            entries != nullptr && std::ranges::any_of(*entries, [&](auto&& row) {
                return means(change, row.first.str());
            });
        set = is_settled ? sets->erase(set) : set + 1;
    }
}

}  // namespace

void apply_changes(toml::table& document, const Changes& changes) {
    for (const Override& change : changes.set) {
        set(document, split(change.path), 0, change);
        settle(document, change);
    }
    for (const std::string& bug : changes.bugs) arm(document, bug);
}

void locate(ScenarioError& error, const toml::table& document, std::string_view file) {
    if (error.file.empty()) error.file = file;
    const std::size_t colon = error.message.find(": ");
    if (error.line > 0 || colon == std::string::npos) return;
    const std::vector<std::string> parts = split(std::string_view(error.message).substr(0, colon));
    const toml::node* node = &document;
    std::vector<toml::source_region> keys;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const toml::table* const table = node->as_table();
        if (table == nullptr) break;
        const toml::node* next = table->get(parts[i]);
        if (next != nullptr && i == 0 && (parts[0] == "fault" || parts[0] == "admin") &&
            next->is_array() && parts.size() > 1) {
            int number = 0;
            for (const toml::node& element : *next->as_array()) {
                const toml::table* const entry = element.as_table();
                ++number;
                // Who has no id is called by number, as the reader does.
                const std::string unnamed =
                    fmt::format("{}-{}", parts[0] == "fault" ? "fault" : "step", number);
                if (entry != nullptr && (*entry)["id"].value_or(unnamed) == parts[1]) {
                    node = &element;
                }
            }
            ++i;
            continue;
        }
        if (next == nullptr) break;
        node = next;
        keys.push_back(table->find(parts[i])->first.source());
        if (parts[i] == "config") keys.clear();  // the name of a setting begins behind it
    }
    const toml::source_position place =
        error.is_about_key && !keys.empty() ? begin_of_key(keys) : node->source().begin;
    error.line = static_cast<int>(place.line);
    error.column = static_cast<int>(place.column);
    if (error.line == 0) error.column = 0;
}

void blame(ScenarioError& error, const Changes& changes) {
    const std::size_t colon = error.message.find(": ");
    if (colon == std::string::npos) return;
    const std::string_view path = std::string_view(error.message).substr(0, colon);
    const auto because = [&](std::string option) {
        error.file = std::move(option);
        error.line = error.column = 0;
    };
    for (const Override& change : changes.set) {
        if (means(change, path)) because("--set " + change.path + "=" + change.value);
    }
    for (const std::string& bug : changes.bugs) {
        const std::size_t at = bug.find('@');
        if (at == std::string::npos) continue;
        const std::string node = "node." + bug.substr(at + 1);
        if (path == node || path == node + ".bugs") because("--bug " + bug);
    }
}

}  // namespace squall::scenarios
