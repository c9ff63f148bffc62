# What `find_package(squall)` finds: one static library of every room that a test of one's own needs,
# and the headers of squall/. The program and the tests link the rooms themselves; nobody builds this
# library but who asks for it (the target squall_package) or installs the component.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(SQUALL_PACKAGED_ROOMS sim_base sim_trace sim_disk sim_kernel sim_network model_bugs model_protocol
    model_events model_assignors model_rpc model_log model_raft model_controller model_replica
    model_coordinator model_broker model_client model_patterns checkers squall_library scenarios testing)
set(objects "")
foreach(room IN LISTS SQUALL_PACKAGED_ROOMS)
  get_target_property(type ${room} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND objects $<TARGET_OBJECTS:${room}>)
  endif()
endforeach()
add_library(squall_package STATIC EXCLUDE_FROM_ALL ${objects})
# Nothing of its own is compiled: CMake wants to be told the language.
set_target_properties(squall_package PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME squall
                      EXPORT_NAME squall)
target_compile_features(squall_package INTERFACE cxx_std_20)
target_include_directories(squall_package INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

set(SQUALL_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/squall)
# OPTIONAL: who only wants the program builds no library.
install(TARGETS squall_package EXPORT squallTargets COMPONENT library
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
install(EXPORT squallTargets NAMESPACE squall:: DESTINATION ${SQUALL_PACKAGE_DIR} COMPONENT library)
install(DIRECTORY squall DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library
        FILES_MATCHING PATTERN "*.h" PATTERN "internal" EXCLUDE)
install(FILES ${CMAKE_SOURCE_DIR}/cmake/squallConfig.cmake DESTINATION ${SQUALL_PACKAGE_DIR}
        COMPONENT library)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/squallConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/squallConfigVersion.cmake DESTINATION ${SQUALL_PACKAGE_DIR}
        COMPONENT library)
