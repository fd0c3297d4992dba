# shellcheck shell=bash
# Preparing a profile and feeding it. A profile with a program `prepare` makes its directory from
# source data (into files/profile-NAME); any other is applied as it lies in the repository.

text_add step_prepare '准备样板 %s' 'preparing profile %s'
text_add prepare_failed '样板 %s 没有准备好(见上文)。' 'profile %s could not be prepared (see above).'
text_add no_replay '样板 %s 没有可以回放的文件,--csv 对它没有用。' \
    'profile %s has no file to replay; --csv is of no use to it.'
text_add story_told '这个站点已走过故事 %s,不再走第二遍;重来:deploy/run reset' \
    'this site has run the story %s and runs it once; to begin anew: deploy/run reset'
text_add step_feed '开始喂数据:%s' 'feeding: %s'

profile_prepare() {
    local source=$root/deploy/profiles/$profile sum
    profile_dir=$source
    if [ -n "$csv" ] && [ ! -e "$source/reports.csv" ]; then
        die no_replay "$profile"
    fi
    [ -x "$source/prepare" ] || return 0
    profile_dir=$home/files/profile-$profile
    sum=$(files_sum "$source" "$root/deploy/lib" ${csv:+"$csv"})
    [ "$(cat "$home/files/prepared-$profile" 2>/dev/null)" != "$sum" ] || return 0
    say step_prepare "$profile"
    "$source/prepare" ${csv:+--csv "$csv"} "$profile_dir" >&2 || die prepare_failed "$profile"
    printf '%s\n' "$sum" >"$home/files/prepared-$profile"
}

# A profile is fed with its city's reports, or with its stories, each of which a site runs once. The
# exit status is that of the feeding program, its progress goes to standard error, its result to
# output.
profile_feed() {
    local reports=${csv:-$root/deploy/profiles/$profile/reports.csv} story name
    if [ -e "$reports" ]; then
        say step_feed "$reports"
        HUYING_ROOT=$root "$bin/huyingctl" replay "$profile" --csv "$reports" \
            ${output:+-o "$output"} || return
    fi
    for story in "$root/deploy/profiles/$profile"/stories/*.csv; do
        [ -e "$story" ] || continue
        name=story-$(basename "$story" .csv)
        if [ -e "$pg_root/stamp.$name" ]; then
            say story_told "$story"
            continue
        fi
        say step_feed "$story"
        stamp_set "$name" begun
        HUYING_ROOT=$root "$bin/huyingctl" story "$story" ${output:+-o "$output"} || return
    done
}
