#include "sim/trace/event.h"

namespace squall::sim {

std::string& detail::FieldTexts::add(std::string_view name) {
    return out.emplace_back(FieldText{std::string(name), {}}).text;
}

// Numbers are given out before main() begins.
std::size_t detail::next_event_number() {
    static std::size_t next = 0;
    return next++;
}

std::string Event::print() const {
    std::string text;
    for (const FieldText& field : fields()) {
        if (!text.empty()) text += ' ';
        text += field.name;
        text += '=';
        text += field.text;
    }
    return text;
}

}  // namespace squall::sim
