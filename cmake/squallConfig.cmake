# find_package(squall): the target squall::squall, for tests of one's own (docs/TESTING.md). RapidCheck
# is the user's to link, where squall/rc.h is included.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(fmt)
find_dependency(ZLIB)
find_dependency(tomlplusplus)
set(Boost_USE_STATIC_LIBS ON)
find_dependency(Boost 1.74 COMPONENTS fiber context)

set(squall_libraries "")
foreach(library IN ITEMS snappy lz4 zstd re2)
  find_library(SQUALL_${library}_LIBRARY ${library})
  mark_as_advanced(SQUALL_${library}_LIBRARY)
  if(NOT SQUALL_${library}_LIBRARY)
    set(squall_FOUND FALSE)
    set(squall_NOT_FOUND_MESSAGE "squall needs the library ${library} (Debian: lib${library}-dev)")
    return()
  endif()
  list(APPEND squall_libraries ${SQUALL_${library}_LIBRARY})
endforeach()

include(${CMAKE_CURRENT_LIST_DIR}/squallTargets.cmake)
target_link_libraries(squall::squall INTERFACE fmt::fmt tomlplusplus::tomlplusplus Boost::fiber Boost::context ZLIB::ZLIB
                      ${squall_libraries} Threads::Threads)
