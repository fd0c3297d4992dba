# shellcheck shell=bash
# Preparing a profile and feeding it. A profile with a program `prepare` makes its directory from
# source data (into files/profile-NAME); any other is applied as it lies in the repository.

text_add step_prepare '准备样板 %s' 'preparing profile %s'
text_add prepare_failed '样板 %s 没有准备好(见上文)。' 'profile %s could not be prepared (see above).'
text_add step_feed '开始喂数据:%s' 'feeding: %s'

profile_prepare() {
    local source=$root/deploy/profiles/$profile sum
    profile_dir=$source
    [ -x "$source/prepare" ] || return 0
    profile_dir=$home/files/profile-$profile
    sum=$(files_sum "$source" "$root/deploy/lib/csv.awk" ${csv:+"$csv"})
    [ "$(cat "$home/files/prepared-$profile" 2>/dev/null)" != "$sum" ] || return 0
    say step_prepare "$profile"
    "$source/prepare" ${csv:+--csv "$csv"} "$profile_dir" >&2 || die prepare_failed "$profile"
    printf '%s\n' "$sum" >"$home/files/prepared-$profile"
}

# A profile made from reports is fed with them, any other with its drills. The exit status is the
# feeding program's. Its progress is on standard error, its result on output.
profile_feed() {
    local drill arguments=()
    if [ -e "$root/deploy/profiles/$profile/reports.csv" ]; then
        say step_feed "${csv:-$profile}"
        HUYING_ROOT=$root exec "$bin/huyingctl" replay "$profile" --profile "$profile_dir" \
            ${csv:+--csv "$csv"} ${output:+-o "$output"}
    fi
    for drill in "$profile_dir"/drills/*; do
        [ ! -e "$drill" ] || arguments+=("$drill")
    done
    [ "${#arguments[@]}" -gt 0 ] || return 0
    say step_feed "${arguments[*]##*/}"
    HUYING_ROOT=$root exec "$bin/huyingctl" drill "${arguments[@]}" ${output:+-o "$output"}
}
