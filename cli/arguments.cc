#include "cli/arguments.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>

namespace squall::cli {

template <class T>
CLI::Option& Arguments::add(const char* names, T& to, const char* about, const char* value) {
    return *parser_.add_option(names, to, about)->option_text(value);
}

// CLI11 takes whatever comes next for the value, an option too.
template <class T>
CLI::Option& Arguments::add_text(const char* names, T& to, const char* about, const char* value) {
    return *add(names, to, about, value).check([value](const std::string& text) {
        return text.starts_with("--") ? fmt::format("expected {}, found {}", value, text) : "";
    });
}

void Arguments::text(const char* names, std::string& to, const char* about, const char* value) {
    add_text(names, to, about, value);
}

void Arguments::required_text(const char* names, std::string& to, const char* about,
                              const char* value) {
    add_text(names, to, about, value).required();
}

void Arguments::texts(const char* names, std::vector<std::string>& to, const char* about,
                      const char* value) {
    add_text(names, to, about, value);
}

void Arguments::repeatable_text(const char* names, std::vector<std::string>& to, const char* about,
                                const char* value) {
    add_text(names, to, about, value).allow_extra_args(false);
}

template <class T>
void Arguments::add_number(const char* names, T& to, const char* about, const char* value,
                           Range range) {
    add(names, to, about, value).check([range](const std::string& text) {
        std::uint64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data(), end, number);
        const bool is_number = error == std::errc() && stopped == end && !text.empty();
        if (is_number && number >= range.least && number <= range.most) return std::string();
        return fmt::format("expected a whole number from {} to {}, found {}", range.least,
                           range.most, text);
    });
}

void Arguments::number(const char* names, std::uint64_t& to, const char* about, const char* value,
                       Range range) {
    add_number(names, to, about, value, range);
}

void Arguments::number(const char* names, unsigned& to, const char* about, const char* value,
                       Range range) {
    add_number(names, to, about, value, range);
}

void Arguments::real(const char* names, double& to, const char* about, const char* value) {
    add(names, to, about, value).check([](const std::string& text) {
        double number = 0;
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data(), end, number);
        return error == std::errc() && stopped == end && !text.empty()
                   ? std::string()
                   : "expected a number like 2 or 0.5, found " + text;
    });
}

void Arguments::flag(const char* names, bool& to, const char* about) {
    parser_.add_flag(names, to, about);
}

void Arguments::footer(const char* text) {
    parser_.footer(text);
}

}  // namespace squall::cli
