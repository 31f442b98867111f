# llhttp: the system's where it is packaged, else the C sources inside a pinned, hash-checked sdist,
# kept in the user's cache and never copied into the repository. pip fetches it, because pip knows
# which index this machine uses; a build in isolation has pip from pyproject.toml.
set(PEL_LLHTTP_DIR "" CACHE PATH "A llhttp source tree to use instead")

set(PEL_LLHTTP_SDIST httptools-0.9.0)
set(PEL_LLHTTP_HASH sha256:d484ebb7e3a3f3597b0f645fbd1b85633674ca808c1f5ba11c2caf7c66f5c8b6)

# Sets out to the folder that keeps sources between builds.
function(pel_source_cache out)
    if(DEFINED ENV{XDG_CACHE_HOME})
        set(${out} $ENV{XDG_CACHE_HOME}/pellucid-build PARENT_SCOPE)
    elseif(DEFINED ENV{HOME})
        set(${out} $ENV{HOME}/.cache/pellucid-build PARENT_SCOPE)
    else()
        set(${out} ${CMAKE_BINARY_DIR}/sources PARENT_SCOPE)
    endif()
endfunction()

# Fetches the sdist and puts its llhttp at dir, which appears only when it is complete.
function(pel_fetch_llhttp dir)
    set(work ${CMAKE_BINARY_DIR}/llhttp)
    message(STATUS "Fetching llhttp from the sdist ${PEL_LLHTTP_SDIST}")
    string(REPLACE "-" "==" requirement ${PEL_LLHTTP_SDIST})
    file(WRITE ${work}/requirements.txt "${requirement} --hash=${PEL_LLHTTP_HASH}\n")
    execute_process(
        COMMAND ${Python_EXECUTABLE} -m pip download --quiet --disable-pip-version-check --no-deps
                --no-binary :all: --require-hashes -r ${work}/requirements.txt -d ${work}
        RESULT_VARIABLE failed ERROR_VARIABLE why)
    if(failed)
        message(FATAL_ERROR "llhttp is not installed, and `${Python_EXECUTABLE} -m pip` could not "
            "fetch its sources. Install libllhttp-dev (9.2 or later), or give "
            "-DPEL_LLHTTP_DIR=<llhttp source tree>, or a Python that has pip.\n${why}")
    endif()
    file(ARCHIVE_EXTRACT INPUT ${work}/${PEL_LLHTTP_SDIST}.tar.gz DESTINATION ${work})
    string(RANDOM LENGTH 12 part)
    file(COPY ${work}/${PEL_LLHTTP_SDIST}/vendor/llhttp DESTINATION ${dir}.${part})
    file(RENAME ${dir}.${part}/llhttp ${dir} RESULT ignored) # fails if another build was quicker
    file(REMOVE_RECURSE ${dir}.${part})
endfunction()

pkg_check_modules(LLHTTP QUIET IMPORTED_TARGET libllhttp>=9.2)
if(LLHTTP_FOUND AND NOT PEL_LLHTTP_DIR)
    add_library(pel_llhttp INTERFACE)
    target_link_libraries(pel_llhttp INTERFACE PkgConfig::LLHTTP)
    return()
endif()

set(llhttp_dir ${PEL_LLHTTP_DIR})
if(NOT llhttp_dir)
    pel_source_cache(cache)
    set(llhttp_dir ${cache}/llhttp-${PEL_LLHTTP_SDIST})
    if(NOT EXISTS ${llhttp_dir})
        pel_fetch_llhttp(${llhttp_dir})
    endif()
endif()

add_library(pel_llhttp STATIC ${llhttp_dir}/src/api.c ${llhttp_dir}/src/http.c
            ${llhttp_dir}/src/llhttp.c)
target_include_directories(pel_llhttp SYSTEM PUBLIC ${llhttp_dir}/include)
target_compile_options(pel_llhttp PRIVATE -O3 -w)
set_target_properties(pel_llhttp PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
                      INTERPROCEDURAL_OPTIMIZATION ${PEL_LTO})
