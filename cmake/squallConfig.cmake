# find_package(squall): the target squall::squall, for tests of one's own (docs/TESTING.md). RapidCheck
# is the user's to link, where squall/rc.h is included.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(fmt)
find_dependency(ZLIB)
find_dependency(tomlplusplus)
set(Boost_USE_STATIC_LIBS ON)
find_dependency(Boost 1.74 COMPONENTS fiber context)

set(squall_codecs "")
foreach(codec IN ITEMS snappy lz4 zstd)
  find_library(SQUALL_${codec}_LIBRARY ${codec})
  mark_as_advanced(SQUALL_${codec}_LIBRARY)
  if(NOT SQUALL_${codec}_LIBRARY)
    set(squall_FOUND FALSE)
    set(squall_NOT_FOUND_MESSAGE "squall needs the library ${codec} (Debian: lib${codec}-dev)")
    return()
  endif()
  list(APPEND squall_codecs ${SQUALL_${codec}_LIBRARY})
endforeach()

include(${CMAKE_CURRENT_LIST_DIR}/squallTargets.cmake)
target_link_libraries(squall::squall INTERFACE fmt::fmt tomlplusplus::tomlplusplus Boost::fiber Boost::context ZLIB::ZLIB
                      ${squall_codecs} Threads::Threads)
