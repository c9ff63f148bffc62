# Writes the source files FILES (a list, relative to SOURCE_DIR) one after another into OUTPUT. Each file's
# unnamed namespace gets the name of the file, so that helpers of one name do not meet; #line keeps
# the places of errors and of __FILE__.
set(text "")
foreach(file IN LISTS FILES)
  file(READ ${SOURCE_DIR}/${file} content)
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" scope "${file}")
  string(REPLACE "\nnamespace {\n" "\nnamespace ${scope} {\n" content "${content}")
  string(APPEND text "#line 1 \"${file}\"\n${content}")
endforeach()
file(WRITE ${OUTPUT} "${text}")
