option(SQUALL_TESTS "Build the tests" ON)
option(SQUALL_BENCH "Build the benchmarks" OFF)
option(SQUALL_WERROR "Treat warnings as errors (our builds; not a user's)" OFF)
option(SQUALL_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# __FILE__ and debug information must not carry the path of the checkout: equal sources give equal
# bytes, wherever they were built.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

add_library(squall_warnings INTERFACE)
# Option structs are written with designated initialisers: what is not named has its default.
target_compile_options(squall_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                       -Wno-missing-field-initializers)
if(SQUALL_WERROR)
  target_compile_options(squall_warnings INTERFACE -Werror)
endif()

if(SQUALL_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(SQUALL_ASAN=1)
endif()
