# CSV for the profiles' awk programs (mawk and gawk): reading records, writing values. Used with a
# second -f beside the program; it has no state but F[] and the line numbers in csv_line[].

BEGIN {
    CSV_LINES_MAX = 100 # lines that one quoted field may span
}

function fail(text)
{
    print "prepare: " text > "/dev/stderr"
    exit 1
}

# The next record of `file` in F[1..n]; returns n, 0 at the end. Empty lines are passed over. A
# quoted field may hold commas, doubled quotes and line ends.
function record_read(file,   line, more, lines)
{
    do {
        if ((getline line < file) <= 0) return 0
        csv_line[file]++
        sub(/\r$/, "", line)
    } while (line == "")
    if (index(line, "\"") == 0) return split(line, F, ",")
    lines = 1
    while (quote_count(line) % 2 == 1) {
        if (lines++ >= CSV_LINES_MAX || (getline more < file) <= 0)
            fail(file ", line " csv_line[file] ": a quoted field does not end; expected \"")
        csv_line[file]++
        sub(/\r$/, "", more)
        line = line "\n" more
    }
    return fields_split(line)
}

function quote_count(text)
{
    return gsub(/"/, "\"", text)
}

function fields_split(rest,   n, at)
{
    n = 0
    for (;;) {
        n++
        F[n] = ""
        if (substr(rest, 1, 1) == "\"") {
            rest = substr(rest, 2)
            while ((at = index(rest, "\"")) > 0 && substr(rest, at + 1, 1) == "\"") {
                F[n] = F[n] substr(rest, 1, at)
                rest = substr(rest, at + 2)
            }
            F[n] = F[n] substr(rest, 1, at - 1)
            rest = substr(rest, at + 1)
        }
        at = index(rest, ",")
        if (at == 0) {
            F[n] = F[n] rest
            return n
        }
        F[n] = F[n] substr(rest, 1, at - 1)
        rest = substr(rest, at + 1)
    }
}

# Without line ends and outer blanks: a value stays on one line of what is written.
function trimmed(text)
{
    gsub(/[\r\n]+/, " ", text)
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

# A value as it stands in a CSV file.
function quoted(text)
{
    if (text !~ /[",]/) return text
    gsub(/"/, "\"\"", text)
    return "\"" text "\""
}
