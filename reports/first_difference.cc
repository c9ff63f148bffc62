#include "reports/first_difference.h"

#include <fmt/core.h>

#include <deque>
#include <fstream>

namespace squall::reports {

std::string first_difference_of_files(const std::string& left, const std::string& right) {
    std::ifstream a(left);
    std::ifstream b(right);
    if (!a || !b) return "the traces cannot be read\n";
    std::deque<std::string> before;
    std::string line_a;
    std::string line_b;
    for (std::uint64_t number = 1;; ++number) {
        const bool more_a = static_cast<bool>(std::getline(a, line_a));
        const bool more_b = static_cast<bool>(std::getline(b, line_b));
        if (!more_a && !more_b)
            return "the recorded traces are equal: the difference comes and goes\n";
        if (more_a && more_b && line_a == line_b) {
            before.push_back(line_a);
            if (before.size() > 3) before.pop_front();
            continue;
        }
        std::string text = fmt::format("first difference: event {}\n", number);
        for (const std::string& line : before) text += "    " + line + "\n";
        text += "  < " + (more_a ? line_a : std::string("(no more events)")) + "\n";
        text += "  > " + (more_b ? line_b : std::string("(no more events)")) + "\n";
        return text;
    }
}

}  // namespace squall::reports
