#include "cli/jsonl_history.h"

#include <fmt/core.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/transaction_events.h"
#include "scenarios/event_names.h"
#include "scenarios/scenario_file.h"
#include "sim/base/describe.h"
#include "sim/trace/sim_events.h"

namespace squall::cli {
namespace {

using checkers::TextPlace;
using checkers::TextProblem;
using nlohmann::json;

// Fills a described struct from a JSON object; the first thing that is wrong is kept.
class JsonFields {
  public:
    JsonFields(const json& object, std::string what) : object_(object), what_(std::move(what)) {}

    template <class T>
    void operator()(std::string_view name, T& member) {
        known_.emplace_back(name);
        const auto at = object_.find(std::string(name));
        if (at == object_.end()) return;
        if (!read(*at, member)) {
            fail(fmt::format("{} of {} cannot be {}", name, what_, at->dump()));
        }
    }
    template <class T, class A>
    void operator()(std::string_view name, T& member, const A&) {
        (*this)(name, member);
    }

    // Requires: the struct was described. What is wrong; nullopt if nothing is.
    std::optional<std::string> problem() {
        for (const auto& [name, value] : object_.items()) {
            if (std::ranges::find(known_, name) != known_.end()) continue;
            fail(fmt::format("{} has no field '{}'{}", what_, name,
                             scenarios::suggestion(name, known_)));
        }
        return problem_;
    }

  private:
    void fail(std::string what) {
        if (!problem_) problem_ = std::move(what);
    }

    template <class T>
    bool read(const json& from, T& to) {
        if constexpr (detail::is_vector<T>::value) {
            if (!from.is_array()) return false;
            for (const json& item : from) {
                if (!read(item, to.emplace_back())) return false;
            }
            return true;
        } else if constexpr (std::is_same_v<T, model::TopicPartition>) {
            return from.is_string() && read_partition(from.get<std::string>(), to);
        } else if constexpr (Described<T>) {
            if (!from.is_object()) return false;
            JsonFields inner(from, what_);
            T::describe(to, inner);
            const auto problem = inner.problem();
            if (problem) fail(*problem);
            return !problem;
        } else {
            return from.is_string() && read_text(from.get<std::string>(), to);
        }
    }

    // Scalars stand as text, so that no reader of JSON rounds them.
    template <class T>
    static bool read_text(const std::string& text, T& to) {
        if constexpr (std::is_same_v<T, std::string>) {
            to = text;
            return true;
        } else if constexpr (std::is_same_v<T, bool>) {
            to = text == "true";
            return to || text == "false";
        } else if constexpr (NamedEnum<T>) {
            for (int value = 0; value < 16; ++value) {
                if (to_string(static_cast<T>(value)) != text) continue;
                to = static_cast<T>(value);
                return true;
            }
            return false;
        } else if constexpr (is_strong_id_v<T>) {
            typename T::rep value{};
            if (!read_text(text, value)) return false;
            to = T(value);
            return true;
        } else {
            static_assert(std::is_integral_v<T>, "a member type that histories do not have");
            const auto [stopped, error] =
                std::from_chars(text.data(), text.data() + text.size(), to);
            return error == std::errc() && stopped == text.data() + text.size();
        }
    }

    // "orders-0"; a topic may have dashes of its own, and a partition may be -1.
    static bool read_partition(const std::string& text, model::TopicPartition& to) {
        std::size_t dash = text.rfind('-');
        if (dash != std::string::npos && dash > 0 && text[dash - 1] == '-') --dash;
        if (dash == std::string::npos) return false;
        to.topic = text.substr(0, dash);
        return read_text(text.substr(dash + 1), to.partition);
    }

    const json& object_;
    std::string what_;
    std::vector<std::string> known_;
    std::optional<std::string> problem_;
};

class Reader {
  public:
    std::variant<std::unique_ptr<sim::Trace>, TextProblem> read(std::string_view text) {
        std::size_t line = 1;
        for (std::size_t begin = 0; begin < text.size(); ++line) {
            const std::size_t end = std::min(text.find('\n', begin), text.size());
            const std::string_view content = text.substr(begin, end - begin);
            begin = end + 1;
            if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
            if (auto problem = read_line(content)) {
                problem->place.line = line;
                return *problem;
            }
        }
        return std::move(trace_);
    }

  private:
    // A problem of the line as a whole; its line is the caller's to tell.
    static TextProblem wrong(std::string what, std::size_t column = 1) {
        return {.place = {.line = 0, .column = column}, .what = std::move(what)};
    }

    std::optional<TextProblem> read_line(std::string_view content) {
        json line;
        try {
            line = json::parse(content);
        } catch (const json::parse_error& error) {
            return wrong("this is no JSON", std::max<std::size_t>(error.byte, 1));
        }
        if (!line.is_object()) return wrong("expected an event, which is an object");
        for (const char* name : {"ns", "node", "event", "fields"}) {
            if (!line.contains(name)) return wrong(fmt::format("this event has no \"{}\"", name));
        }
        if (!line["ns"].is_number_integer()) return wrong("expected \"ns\" to be an integer");
        if (!line["node"].is_string()) return wrong("expected \"node\" to be a name");
        if (!line["event"].is_string()) return wrong("expected \"event\" to be a name");
        if (!line["fields"].is_object()) return wrong("expected \"fields\" to be an object");
        const auto event = line["event"].get<std::string>();
        trace_->context() = {.time = Time(Duration(line["ns"].get<std::int64_t>())),
                             .node = node_of(line["node"].get<std::string>()),
                             .incarnation = sim::Incarnation{1},
                             .cause = {}};
        std::optional<std::string> problem;
        if (emit_any<model::SendInvoked, model::SendCompleted, model::RecordsPolled,
                     model::AssignmentChanged, model::PositionSet, model::ConsumerConfigured,
                     model::TransactionBegan, model::TransactionEndInvoked,
                     model::TransactionEndCompleted, sim::NodeStopped>(event, line["fields"],
                                                                       problem)) {
            return problem ? std::optional(wrong(*problem)) : std::nullopt;
        }
        if (const auto unknown = scenarios::problem_of_event(event)) return wrong(*unknown);
        return std::nullopt;
    }

    // Whether the event is of one of these kinds.
    template <class... Kinds>
    bool emit_any(const std::string& event, const json& fields,
                  std::optional<std::string>& problem) {
        return ((event == Kinds::event_name && (problem = emit<Kinds>(fields), true)) || ...);
    }

    template <class T>
    std::optional<std::string> emit(const json& fields) {
        T payload;
        JsonFields reader(fields, std::string(T::event_name));
        T::describe(payload, reader);
        if (auto problem = reader.problem()) return problem;
        trace_->emit(payload);
        return std::nullopt;
    }

    sim::NodeId node_of(const std::string& name) {
        const auto next = sim::NodeId(static_cast<std::uint32_t>(nodes_.size() + 1));
        const auto [at, is_new] = nodes_.try_emplace(name, next);
        if (is_new) trace_->name_node(next, name);
        return at->second;
    }

    std::unique_ptr<sim::Trace> trace_ =
        std::make_unique<sim::Trace>(sim::TraceOptions{.level = sim::TraceLevel::full});
    std::map<std::string, sim::NodeId> nodes_;
};

}  // namespace

std::variant<std::unique_ptr<sim::Trace>, TextProblem> read_history_jsonl(std::string_view text) {
    return Reader().read(text);
}

}  // namespace squall::cli
