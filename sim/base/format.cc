#include "sim/base/format.h"

#ifdef __clang__

#include <fmt/format.h>

// Debian's libfmt is built by g++, and clang mangles the signature of this one template in another
// way, so that what fmt::format_to calls would be missing at the link.
template void fmt::detail::vformat_to<char>(fmt::detail::buffer<char>&, fmt::string_view,
                                            fmt::format_args, fmt::detail::locale_ref);

#endif
