# Precompiled headers: the standard library's, for every room; with GoogleTest and RapidCheck, for the
# tests. A third of the time of a clean build. Of ours only the hubs of a room, which nearly all its
# files include anyhow, so that a small change stays small. The preset `clang` goes without, and
# without units of several files, so that every file names what it includes.
set(SQUALL_STANDARD_HEADERS <algorithm> <array> <chrono> <compare> <concepts> <cstdint> <deque>
    <functional> <map> <memory> <optional> <set> <string> <string_view> <tuple> <utility> <variant>
    <vector> <fmt/core.h>)
set(SQUALL_TEST_HEADERS ${SQUALL_STANDARD_HEADERS} <gtest/gtest.h> <gmock/gmock.h>
    <rapidcheck/gtest.h> <rapidcheck/state.h>)

if(SQUALL_PCH)
  # What ccache needs.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  else()
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

# squall_precompile(NAME LINK target... OPTIONS option... HEADERS header...): a target to reuse from.
function(squall_precompile name)
  cmake_parse_arguments(PCH "" "" "LINK;OPTIONS;HEADERS" ${ARGN})
  if(SQUALL_PCH)
    set(source ${CMAKE_BINARY_DIR}/${name}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "")
    add_library(${name} OBJECT ${source})
    target_link_libraries(${name} PRIVATE ${PCH_LINK})
    target_compile_options(${name} PRIVATE ${PCH_OPTIONS})
    target_precompile_headers(${name} PRIVATE ${PCH_HEADERS})
  endif()
endfunction()

# squall_use_precompiled(TARGET NAME): compiles TARGET with the headers of NAME.
function(squall_use_precompiled target name)
  if(SQUALL_PCH)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# squall_precompile_hub(TARGET HEADERS hub...): compiles TARGET with HEADERS and with headers of ours.
function(squall_precompile_hub target headers)
  if(SQUALL_PCH)
    list(TRANSFORM ARGN PREPEND "${CMAKE_SOURCE_DIR}/")
    target_precompile_headers(${target} PRIVATE ${headers} ${ARGN})
  endif()
endfunction()
