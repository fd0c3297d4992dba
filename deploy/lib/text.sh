# shellcheck shell=bash
# What the scripts say to a person: one table, Chinese and English, chosen by HUYING_LANG
# (zh, the default, or en). Everything but results goes to standard error. A script adds its own
# lines with text_add; a key that is missing is an error of the script and shows as the key.

declare -gA TEXT_ZH TEXT_EN

# text_add KEY ZH EN: both are printf formats with the same arguments.
text_add() {
    TEXT_ZH[$1]=$2
    TEXT_EN[$1]=$3
}

# text KEY ARG…: the line, without a newline, on standard output.
text() {
    local key=$1 format
    shift
    format=${TEXT_ZH[$key]-$key}
    [ "${HUYING_LANG:-zh}" != en ] || format=${TEXT_EN[$key]-$key}
    # The formats are the constants of the tables.
    # shellcheck disable=SC2059
    printf "$format" "$@"
}

# cell WIDTH TEXT: padded by columns on the screen; a Chinese character (3 bytes) has two.
cell() {
    local LC_ALL=C wide ascii
    ascii=${2//[!\ -~]/}
    wide=$(((${#2} - ${#ascii}) * 2 / 3))
    printf '%s%*s' "$2" $(($1 > ${#ascii} + wide ? $1 - ${#ascii} - wide : 0)) ''
}

say() {
    printf '%s\n' "$(text "$@")" >&2
}

die() {
    printf '%s%s\n' "$(text error)" "$(text "$@")" >&2
    exit 1
}

# language_set LANG: from --lang; refuses what it does not know.
language_set() {
    case $1 in
    zh | en) export HUYING_LANG=$1 ;;
    *) die bad_language "$1" ;;
    esac
}

text_add error '错误:' 'error: '
text_add bad_language '不认识的语言 “%s”。可用:zh、en。' 'unknown language "%s"; use zh or en.'
text_add bad_option '不认识的参数 “%s”。用法见 --help。' 'unknown argument "%s"; see --help.'
text_add need_value '参数 %s 后面要有一个值。' 'option %s needs a value.'
