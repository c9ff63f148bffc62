# All from Debian 12; `./dev` installs them.
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

# Linked statically: it is 8 to 12 % faster, and the installed binary needs no Boost.
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.74 REQUIRED COMPONENTS fiber context)
add_library(squall_fiber INTERFACE)
target_link_libraries(squall_fiber INTERFACE Boost::fiber Boost::context Threads::Threads)

find_package(tomlplusplus REQUIRED)
add_library(squall_toml INTERFACE)
target_link_libraries(squall_toml INTERFACE tomlplusplus::tomlplusplus)

find_package(nlohmann_json REQUIRED)
add_library(squall_json INTERFACE)
target_link_libraries(squall_json INTERFACE nlohmann_json::nlohmann_json)

# The control port of `squall serve`.
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
add_library(squall_http INTERFACE)
target_link_libraries(squall_http INTERFACE ${HTTPLIB_LIBRARY})
# What Debian's was compiled with: the layout of its classes depends on it.
target_compile_definitions(squall_http INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT CPPHTTPLIB_ZLIB_SUPPORT
                           CPPHTTPLIB_BROTLI_SUPPORT)

find_package(CLI11 REQUIRED)
add_library(squall_cli11 INTERFACE)
target_link_libraries(squall_cli11 INTERFACE CLI11::CLI11)

# The results of a hunt.
find_package(SQLite3 REQUIRED)
add_library(squall_sqlite INTERFACE)
target_link_libraries(squall_sqlite INTERFACE SQLite::SQLite3)

# The codecs of Kafka's record batches.
find_package(ZLIB REQUIRED)
find_library(SNAPPY_LIBRARY snappy REQUIRED)
find_library(LZ4_LIBRARY lz4 REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
add_library(squall_codecs INTERFACE)
target_link_libraries(squall_codecs INTERFACE ZLIB::ZLIB ${SNAPPY_LIBRARY} ${LZ4_LIBRARY} ${ZSTD_LIBRARY})

# Patterns that coordinators match for clients.
find_library(RE2_LIBRARY re2 REQUIRED)
add_library(squall_re2 INTERFACE)
target_link_libraries(squall_re2 INTERFACE ${RE2_LIBRARY})

if(SQUALL_TESTS)
  find_package(GTest REQUIRED)
  # Debian's rapidcheck ships the library and headers; the integration with GoogleTest is a header.
  find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
  add_library(squall_rapidcheck INTERFACE)
  target_link_libraries(squall_rapidcheck INTERFACE ${RAPIDCHECK_LIBRARY})
endif()
if(SQUALL_BENCH)
  find_package(benchmark REQUIRED)
endif()
