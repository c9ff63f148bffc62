# Writes OUTPUT with the commit of SOURCE_DIR, only where it changed. Run at every build.
execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE_DIR}
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
                RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
set(text "#include \"cli/version.h\"\n\nnamespace squall::cli {\n\nconst std::string_view commit_at_build = \"${commit}\";\n\n}  // namespace squall::cli\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
