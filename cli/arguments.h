// Arguments: what a command takes on its line. A narrow front of the parser (CLI11), whose headers
// cost more to compile than all commands together: only arguments.cc and cli.cc include them.
//
// Names are written as the user writes them, "-o,--out"; without dashes the argument goes by its
// place. `value` is how the help calls what stands behind the name; another option there is
// refused. What is taken lives as long as the parser.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace squall::cli {

class Arguments {
  public:
    explicit Arguments(CLI::App& parser) : parser_(parser) {}

    struct Range {
        std::uint64_t least;
        std::uint64_t most;
    };

    void text(const char* names, std::string& to, const char* about, const char* value);
    void required_text(const char* names, std::string& to, const char* about, const char* value);
    // As many as there are behind the name, or in its place.
    void texts(const char* names, std::vector<std::string>& to, const char* about,
               const char* value);
    // One behind the name, which may be repeated.
    void repeatable_text(const char* names, std::vector<std::string>& to, const char* about,
                         const char* value);
    // Decimal. Anything else, and what is out of the range, is refused with both ends named.
    void number(const char* names, std::uint64_t& to, const char* about, const char* value,
                Range range);
    void number(const char* names, unsigned& to, const char* about, const char* value, Range range);
    void real(const char* names, double& to, const char* about, const char* value);
    void flag(const char* names, bool& to, const char* about);

    // Behind everything else that the help says.
    void footer(const char* text);

  private:
    template <class T>
    CLI::Option& add(const char* names, T& to, const char* about, const char* value);
    template <class T>
    CLI::Option& add_text(const char* names, T& to, const char* about, const char* value);
    template <class T>
    void add_number(const char* names, T& to, const char* about, const char* value, Range range);

    CLI::App& parser_;
};

}  // namespace squall::cli
