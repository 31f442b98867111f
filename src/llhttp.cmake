# llhttp: the system's where it is packaged, else the C sources inside a pinned, hash-checked sdist
# from PyPI, kept in the user's cache and never copied into the repository.
set(PEL_LLHTTP_DIR "" CACHE PATH "A llhttp source tree to use instead")

pkg_check_modules(LLHTTP QUIET IMPORTED_TARGET libllhttp>=9.2)
if(LLHTTP_FOUND AND NOT PEL_LLHTTP_DIR)
    add_library(pel_llhttp INTERFACE)
    target_link_libraries(pel_llhttp INTERFACE PkgConfig::LLHTTP)
    return()
endif()

if(NOT PEL_LLHTTP_DIR)
    set(sdist httptools-0.9.0)
    set(sha256 d484ebb7e3a3f3597b0f645fbd1b85633674ca808c1f5ba11c2caf7c66f5c8b6)
    if(DEFINED ENV{XDG_CACHE_HOME})
        set(cache $ENV{XDG_CACHE_HOME}/pellucid-build)
    else()
        set(cache $ENV{HOME}/.cache/pellucid-build)
    endif()
    set(PEL_LLHTTP_DIR ${cache}/${sdist}/vendor/llhttp)
    if(NOT EXISTS ${PEL_LLHTTP_DIR}/src/llhttp.c)
        message(STATUS "Fetching llhttp from the sdist ${sdist}")
        file(WRITE ${CMAKE_BINARY_DIR}/llhttp.txt "httptools==0.9.0 --hash=sha256:${sha256}\n")
        set(got 1)
        foreach(pip "${Python_EXECUTABLE} -m pip" "python3 -m pip" "pip")
            separate_arguments(pip)
            execute_process(COMMAND ${pip} download --quiet --no-deps --no-binary :all:
                --require-hashes --no-build-isolation -r ${CMAKE_BINARY_DIR}/llhttp.txt
                -d ${CMAKE_BINARY_DIR} RESULT_VARIABLE got OUTPUT_QUIET ERROR_VARIABLE why)
            if(NOT EXISTS ${CMAKE_BINARY_DIR}/${sdist}.tar.gz)
                execute_process(COMMAND ${pip} download --quiet --no-deps --no-binary :all:
                    --require-hashes -r ${CMAKE_BINARY_DIR}/llhttp.txt
                    -d ${CMAKE_BINARY_DIR} RESULT_VARIABLE got OUTPUT_QUIET ERROR_VARIABLE why)
            endif()
            if(EXISTS ${CMAKE_BINARY_DIR}/${sdist}.tar.gz)
                break()
            endif()
        endforeach()
        if(NOT EXISTS ${CMAKE_BINARY_DIR}/${sdist}.tar.gz)
            message(FATAL_ERROR "llhttp is neither installed (libllhttp-dev) nor could its sdist be "
                "fetched with pip: ${why}\nGive -DPEL_LLHTTP_DIR=<llhttp source tree>.")
        endif()
        file(SHA256 ${CMAKE_BINARY_DIR}/${sdist}.tar.gz found)
        if(NOT found STREQUAL sha256)
            message(FATAL_ERROR "${sdist}.tar.gz has the hash ${found}, not ${sha256}")
        endif()
        file(ARCHIVE_EXTRACT INPUT ${CMAKE_BINARY_DIR}/${sdist}.tar.gz DESTINATION ${cache})
    endif()
endif()

add_library(pel_llhttp STATIC ${PEL_LLHTTP_DIR}/src/api.c ${PEL_LLHTTP_DIR}/src/http.c
            ${PEL_LLHTTP_DIR}/src/llhttp.c)
target_include_directories(pel_llhttp SYSTEM PUBLIC ${PEL_LLHTTP_DIR}/include)
target_compile_options(pel_llhttp PRIVATE -O3 -w)
set_target_properties(pel_llhttp PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
