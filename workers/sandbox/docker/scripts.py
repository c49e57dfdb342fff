"""What runs inside a container. POSIX shell with du, find, grep, ls and stat, which every image with a shell has.

The keeper reads the kernel's counters with nothing but builtins: a job that has used up its processes cannot stop it
from telling so. All paths are those of control groups as a container sees its own, version 1 and version 2.
"""

# A line in, a line out: how often memory ran out, how often a process was refused, bytes of memory in use.
# The end of its input is the end of Hive: it ends, and with it the container.
KEEPER = r"""
g=/sys/fs/cgroup
count() {
    found=0
    for f in "$2" "$3"; do
        [ -r "$f" ] || continue
        while read -r k v; do [ "$k" = "$1" ] && { found=$v; break; }; done <"$f"
        break
    done
}
while IFS= read -r line; do
    count oom_kill $g/memory.events $g/memory/memory.oom_control; oom=$found
    count max $g/pids.events $g/pids/pids.events; refused=$found
    count anon $g/memory.stat /none; memory=$found
    [ "$memory" = 0 ] && { count rss /none $g/memory/memory.stat; memory=$found; }
    echo "$oom $refused $memory"
done
"""

# What the places hold, in one line: kilobytes, entries, 1 where folders are nested too deeply to be counted. A folder
# that its owner closed to himself is opened again, so that nothing hides in it.
_LOOK = r"""
look() {
    deep=0
    [ -z "$(find "$@" -mindepth 200 -maxdepth 200 2>/dev/null | head -n 1)" ] || deep=1
    n=$(find "$@" -maxdepth 200 -type d ! -perm -0700 -exec chmod u+rwx {} \; -print -o -print 2>/dev/null | wc -l)
    [ $deep = 1 ] && { echo "disk 0 $n 1"; return; }
    kb=$(du -sk "$@" 2>/dev/null | { t=0; while read -r s _; do t=$((t + s)); done; echo $t; })
    echo "disk $kb $((n)) 0"
}
"""

# The same for the meter, with what is deleted and still open: no walk finds those.
LOOK = (
    _LOOK
    + r"""
look "$@"
ls -l /proc/[0-9]*/fd 2>/dev/null | while IFS= read -r line; do
    case $line in
    /proc/*:) folder=${line%:} ;;
    *' -> /'*' (deleted)') link=${line%% -> *}; echo "$folder/${link##* }" ;;
    esac
done | while IFS= read -r link; do stat -Lc '%d:%i %b %B' "$link" 2>/dev/null; done | sort -u |
    { t=0; while read -r _ n size; do t=$((t + n * size / 1024)); done; echo "deleted $t"; }
"""
)

# One command. Descriptor 1 carries its output, 2 the warden's words to Hive; it waits for Hive to listen.
# $1: its folder; $2: places to look at when it has ended; $3: not empty where it reads on after that line; the rest:
# the command.
WARDEN = (
    _LOOK
    + r"""
IFS= read -r go || exit 1
exec 3>&2 4<&0 2>/dev/null </dev/null
trap : TERM HUP INT QUIT USR1 USR2
cwd=$1 places=$2
[ -n "$3" ] || exec 4</dev/null
shift 3
echo "pid $$" >&3
if ! cd "$cwd"; then
    echo "$cwd: No such folder, or it cannot be entered"
    echo cwd >&3
    exit 126
fi
(exec "$@") 2>&1 3>&- <&4 4<&-
code=$?
exec >/dev/null
[ $code = 126 ] || [ $code = 127 ] && { command -v -- "$1" >/dev/null || echo "missing $code" >&3; }
echo "exit $code" >&3
look $places >&3
echo done >&3
"""
)

# End what one command started, by force: whatever carries its mark, or no mark of the sandbox at all. $1: the mark;
# $2: what all marks of the sandbox begin with. What other commands left behind, or run, carries theirs.
END = r"""
n=0
while [ $n -lt 50 ]; do
    marked=" $(grep -lsF "HIVE_SANDBOX=$2" /proc/[0-9]*/environ | tr '\n' ' ')"
    mine=" $(grep -lsF "HIVE_SANDBOX=$1" /proc/[0-9]*/environ | tr '\n' ' ')"
    found=
    for f in /proc/[0-9]*; do
        p=${f#/proc/}
        kill -0 "$p" || continue
        case $mine in
        *" $f/environ "*) ;;
        *) case $marked in *" $f/environ "*) continue ;; esac ;;
        esac
        IFS= read -r line <"$f/stat" || continue
        line=${line##*) }
        [ "${line%% *}" = Z ] || found="$found $p"
    done
    [ -n "$found" ] || exit 0
    kill -STOP $found
    kill -KILL $found
    n=$((n + 1))
done 2>/dev/null
exit 1
"""

# Ask a command's process group to end. $1: its number.
ASK_TO_END = 'kill -TERM "-$1"'

# What is there: one line per path.
KINDS_OF_PATHS = r"""
for p in "$@"; do
    if [ -L "$p" ]; then echo link
    elif [ -d "$p" ]; then echo folder
    elif [ -e "$p" ]; then echo file
    else echo none
    fi
done
"""

# One connection to a port of the loopback. When Hive's side has said all, the other gets 2 s to finish.
CONNECT = r"""
IFS= read -r go || exit 1
if command -v bash >/dev/null; then
    exec bash -c '
        exec 4<&0
        { exec 3<>"/dev/tcp/127.0.0.1/$1" || exec 3<>"/dev/tcp/::1/$1"; } 2>/dev/null || exit 1
        { cat <&4 >&3; sleep 2; kill $$; } >/dev/null 2>&1 &
        exec cat <&3' bash "$1"
elif command -v nc >/dev/null; then
    exec nc 127.0.0.1 "$1"
fi
exec python3 -c '
import os, socket, sys, threading
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def carry():
    while data := os.read(0, 65536):
        server.sendall(data)
    server.shutdown(socket.SHUT_WR)
threading.Thread(target=carry, daemon=True).start()
while data := server.recv(65536):
    os.write(1, data)' "$1"
"""
