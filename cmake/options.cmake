option(SQUALL_TESTS "Build the tests" ON)
option(SQUALL_BENCH "Build the benchmarks" OFF)
option(SQUALL_WERROR "Treat warnings as errors (our builds; not a user's)" OFF)
option(SQUALL_PCH "Precompile the standard library's and the test libraries' headers" ON)
option(SQUALL_UNITY "Compile several files together: half the time of a clean build" ON)
option(SQUALL_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
set(SQUALL_PROFILE "" CACHE STRING "generate: programs that note what they do; use: build by the notes (./dev tune)")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

# Line tables are enough to read a stack; whole debug information costs a third of the build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
# At -O3 g++ 12 warns of what is not there.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

# Of test code, which is compiled once and run for a moment. Line tables are a tenth of its compilation.
set(SQUALL_TEST_OPTIONS -O0 -g0)
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(SQUALL_TEST_OPTIONS -O0 -g1)
endif()

# The notes lie beside the objects, so that both builds share a directory. What no training run came
# to is compiled as without notes.
if(SQUALL_PROFILE STREQUAL "generate")
  add_compile_options(-fprofile-generate -fprofile-update=single)
  add_link_options(-fprofile-generate)
elseif(SQUALL_PROFILE STREQUAL "use")
  add_compile_options(-fprofile-use -fprofile-partial-training -Wno-missing-profile)
elseif(SQUALL_PROFILE)
  message(FATAL_ERROR "SQUALL_PROFILE=${SQUALL_PROFILE}: expected generate or use")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/with_ccache)
endif()

# __FILE__ and debug information must not carry the path of the checkout: equal sources give equal
# bytes, wherever they were built.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

add_library(squall_warnings INTERFACE)
# Option structs are written with designated initialisers: what is not named has its default.
target_compile_options(squall_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                       -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees it in empty optionals, where its inlining happens to end.
  target_compile_options(squall_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12's own std::stable_sort calls a function that it deprecates.
  target_compile_options(squall_warnings INTERFACE -Wno-deprecated-declarations)
endif()
if(SQUALL_WERROR)
  target_compile_options(squall_warnings INTERFACE -Werror)
endif()

if(SQUALL_SANITIZE)
  # Most of its time is the compiler's.
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(SQUALL_ASAN=1)
endif()
