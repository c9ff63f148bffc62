#include "reports/trace_lines.h"

#include <fmt/core.h>

namespace squall::reports {

std::string json_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                } else {
                    out += c;
                }
        }
    }
    return out + '"';
}

std::string trace_line(const sim::Trace& trace, const sim::Event& event) {
    std::string line = fmt::format(
        R"({{"seq":{},"ns":{},"node":{},"incarnation":{},"cause":{},"event":{},"fields":{{)",
        event.sequence, event.time.ns(), json_quote(trace.node_name(event.node)), event.incarnation,
        event.cause, json_quote(event.name()));
    bool first = true;
    for (const sim::FieldText& field : event.fields()) {
        if (!first) line += ',';
        first = false;
        line += json_quote(field.name) + ':' + json_quote(field.text);
    }
    return line + "}}";
}

std::string trace_lines(const sim::Trace& trace) {
    std::string text;
    trace.replay([&](const sim::Event& event) { text += trace_line(trace, event) + '\n'; });
    return text;
}

}  // namespace squall::reports
