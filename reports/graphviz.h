// Graphviz draws all pictures: graphs in its language go in, SVG comes out.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace squall::reports {

struct Graph {
    std::string text;  // in the DOT language
    // "dot" lays the graph out; "neato" takes the positions that the nodes carry, in points.
    std::string engine = "dot";
};

// Errors: not_found (no `dot` program), corrupt (it refused the graph).
Result<std::string> render_svg(const Graph& graph);

// A quoted DOT string.
std::string dot_quote(std::string_view text);

}  // namespace squall::reports
