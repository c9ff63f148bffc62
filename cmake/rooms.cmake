# squall_room(NAME DIR dir [PLAIN] [QUICK] [LINK room...] [PRIVATE_LINK target...] [EXCLUDE file-or-folder...]
#             [HUB header...] [COLD file...] [ALONE file...])
#
# A room is a static library of every .cc directly below DIR and its subfolders that are not rooms of
# their own. A room without a .cc is an interface library, so that its headers can be used at once.
# PLAIN: compiled with other options than the rest, so without the precompiled headers.
# QUICK: no simulation spends its time there: -O1 compiles it faster.
# HUB: headers of ours that nearly every file of the room includes: compiled once for all of them.
# COLD: the same for some files of a room, which are then compiled each by itself.
# The other files are compiled several together, which halves the time of a clean build, so the names
# in their unnamed namespaces must differ within the room. ALONE: files that cannot share.
set(SQUALL_ROOM_DIRS "" CACHE INTERNAL "")
function(squall_room name)
  cmake_parse_arguments(ROOM "PLAIN;QUICK" "DIR" "LINK;PRIVATE_LINK;EXCLUDE;HUB;COLD;ALONE" ${ARGN})
  if(ROOM_DIR STREQUAL "model")
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/model/*.cc)
  else()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ROOM_DIR}/*.cc)
  endif()
  foreach(excluded IN LISTS ROOM_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/${ROOM_DIR}/${excluded}")
  endforeach()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ROOM_LINK} PRIVATE squall_warnings ${ROOM_PRIVATE_LINK})
    if(ROOM_HUB)
      squall_precompile_hub(${name} "${SQUALL_STANDARD_HEADERS}" ${ROOM_HUB})
    elseif(NOT ROOM_PLAIN)
      squall_use_precompiled(${name} squall_standard_headers)
    endif()
    set_target_properties(${name} PROPERTIES UNITY_BUILD ${SQUALL_UNITY} UNITY_BUILD_BATCH_SIZE 10)
    if(ROOM_QUICK)
      target_compile_options(${name} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O1>)
    endif()
    foreach(file IN LISTS ROOM_ALONE)
      set_source_files_properties(${CMAKE_SOURCE_DIR}/${ROOM_DIR}/${file} PROPERTIES
                                  SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
    foreach(pattern IN LISTS ROOM_COLD)
      file(GLOB cold CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ROOM_DIR}/${pattern})
      set_source_files_properties(${cold} PROPERTIES COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O1>)
    endforeach()
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ROOM_LINK})
  endif()
endfunction()

# squall_units(OUT TARGET file...): OUT becomes a list of generated sources that hold the files, about
# 40 kB in each (cmake/unit.cmake). A test file instantiates little of its own and much of GoogleTest,
# RapidCheck and the model: several in one translation unit pay for that once.
set(SQUALL_UNIT_BYTES 40000)
function(squall_units out target)
  set(units "")
  set(files ${ARGN})
  while(files)
    set(unit "")
    set(bytes 0)
    while(files AND bytes LESS SQUALL_UNIT_BYTES)
      list(POP_FRONT files file)
      file(SIZE ${file} size)
      math(EXPR bytes "${bytes} + ${size}")
      cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
      list(APPEND unit ${file})
    endwhile()
    list(LENGTH units ordinal)
    set(output ${CMAKE_BINARY_DIR}/units/${target}_${ordinal}.cc)
    list(TRANSFORM unit PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} "-DFILES=${unit}"
              -P ${CMAKE_SOURCE_DIR}/cmake/unit.cmake
      DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/cmake/unit.cmake
      VERBATIM)
    list(APPEND units ${output})
  endwhile()
  set(${out} ${units} PARENT_SCOPE)
endfunction()

# squall_test(NAME DIR dir LABEL label [OPTIMISED] [LINK target...] [HUB header...]): one executable of
# every *_test.cc in tests/DIR (and of the helpers beside them). OPTIMISED: for tests that work for long
# themselves.
function(squall_test name)
  cmake_parse_arguments(TEST "OPTIMISED" "DIR;LABEL" "LINK;HUB" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${TEST_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  if(SQUALL_UNITY)
    set(cases ${sources})
    list(FILTER cases INCLUDE REGEX "_test\\.cc$")
    list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
    squall_units(units ${name} ${cases})
    list(APPEND sources ${units})
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${TEST_LINK} GTest::gtest_main GTest::gmock
                        squall_rapidcheck squall_warnings)
  # Not optimising test code halves the build. What it tests is optimised as usual.
  if(NOT TEST_OPTIMISED)
    target_compile_options(${name} PRIVATE ${SQUALL_TEST_OPTIONS})
    if(TEST_HUB)
      squall_precompile_hub(${name} "${SQUALL_TEST_HEADERS}" ${TEST_HUB})
    else()
      squall_use_precompiled(${name} squall_test_headers)
    endif()
  endif()
  target_compile_definitions(${name} PRIVATE SQUALL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # Proofs that take minutes and gigabytes are run by hand: tests/exhaustive/README.md.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_FILTER "-*OverWiderBounds" PROPERTIES LABELS ${TEST_LABEL})
endfunction()

# squall_embed_library(FOLDER OUTPUT): a source file that holds every .toml of FOLDER as text, so that
# `squall run NAME` works wherever the program is. The folder is the list.
function(squall_embed_library folder output)
  file(GLOB scenarios CONFIGURE_DEPENDS ${folder}/*.toml)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DSCENARIOS=${scenarios}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${scenarios} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  add_library(squall_library STATIC ${output})
  target_include_directories(squall_library PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# squall_version(OUTPUT): the library squall_version, which knows the commit. Looks at every build, and
# rebuilds only when the commit changed.
function(squall_version output)
  set(script ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DOUTPUT=${output}
             -P ${CMAKE_SOURCE_DIR}/cmake/version.cmake)
  execute_process(COMMAND ${script})
  add_custom_target(squall_commit COMMAND ${script} BYPRODUCTS ${output} VERBATIM)
  add_library(squall_version STATIC ${output})
  target_include_directories(squall_version PUBLIC ${CMAKE_SOURCE_DIR})
  add_dependencies(squall_version squall_commit)
endfunction()
