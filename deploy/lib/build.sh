# shellcheck shell=bash
# Building with cmake and ninja, the same for deploy/run and tests/run; quick when nothing changed.

text_add step_build '构建 %s' 'building %s'
text_add build_failed '构建没有成功;全部输出在 %s,其中的错误:' \
    'the build failed; all output is in %s, its errors:'

# build_configure DIRECTORY LOG CMAKE-OPTION…
build_configure() {
    local dir=$1 log=$2
    shift 2
    [ -z "$(command -v ccache)" ] || export CMAKE_C_COMPILER_LAUNCHER=ccache
    cmake -S "$root" -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@" >"$log" 2>&1
}

# build_errors LOG: what went wrong, without what went well.
build_errors() {
    say build_failed "$1"
    if grep -qE 'error:|FAILED' "$1"; then
        grep -E 'error:|FAILED|undefined reference' -A 3 "$1" |
            grep -vE '^(/usr/bin/cc |: && )|^\[' | head -n 60 >&2
    else
        tail -n 30 "$1" >&2
    fi
}
