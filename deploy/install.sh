#!/bin/sh
# Installs bouncehandler from this checkout, or takes it away again. A second run mends what is missing and changes
# nothing else. See --help.
set -eu
umask 022

usage() {
    cat <<'EOF'
usage: sh deploy/install.sh [options]

Installs bouncehandler from this checkout: the program into /opt/bouncehandler,
its configuration into /etc/bouncehandler unless there is one, units for
systemd, rules for tmpfiles.d and logrotate, and PowerMTA's blocks into
/etc/bouncehandler/pmta. Starts nothing.

  --root DIR       Install below DIR instead of /, for a container or a package.
  --prefix DIR     Where the program goes. [/opt/bouncehandler]
  --user NAME      Who runs it: PowerMTA's user, who is made if missing. [pmta]
  --python FILE    The Python to use, 3.11 or newer. [python3]
  --only-program   Install the program and nothing around it.
  --uninstall      Remove what was installed; keep configuration, spool, logs.
  --purge          With --uninstall: remove those as well.
  --dry-run        Say what would be done, and do nothing.
  -h, --help       Show this message.
EOF
}

die() {
    printf 'install.sh: %s\n' "$1" >&2
    exit "${2:-64}"
}

say() {
    printf '%s%s\n' "$verb" "$1"
}

# Run a command unless this is a dry run.
run() {
    if [ -z "$is_dry" ]; then "$@"; fi
}

root='' prefix=/opt/bouncehandler user=pmta python=python3
is_dry='' is_uninstall='' is_purge='' is_bare='' verb=''

while [ $# -gt 0 ]; do
    case $1 in
        --root | --prefix | --user | --python) [ $# -gt 1 ] || die "$1 needs a value (see --help)" ;;
    esac
    case $1 in
        --root) root=${2%/} && shift ;;
        --prefix) prefix=${2%/} && shift ;;
        --user) user=$2 && shift ;;
        --python) python=$2 && shift ;;
        --only-program) is_bare=yes ;;
        --uninstall) is_uninstall=yes ;;
        --purge) is_purge=yes ;;
        --dry-run) is_dry=yes verb='would: ' ;;
        -h | --help) usage && exit 0 ;;
        *) die "there is no option $1 (see --help)" ;;
    esac
    shift
done

# What ends up in paths, in units and in sed must not surprise them.
check() {
    case $2 in
        '' | *[!A-Za-z0-9/._-]* | */../* | */..) die "$1 $2 is no path that this script takes: letters, digits, / . _ -" ;;
        /*) ;;
        *) die "$1 $2 must begin with /" ;;
    esac
}
if [ -n "$root" ]; then check --root "$root"; fi
check --prefix "$prefix"
case $user in '' | -* | *[!a-z0-9_-]*) die "--user $user is no name of a user: a to z, 0 to 9, _ -" ;; esac
[ -z "$is_purge" ] || [ -n "$is_uninstall" ] || die "--purge belongs to --uninstall"

source=$(cd "$(dirname "$0")/.." && pwd)
program=$root$prefix
mark=$program/.installed
etc=$root/etc/bouncehandler
state=$root/var/lib/bouncehandler
log=$root/var/log/bouncehandler
units=$root/etc/systemd/system
link=$root/usr/local/bin/bouncehandler

has_systemd() {
    [ -z "$root" ] && [ -d /run/systemd/system ]
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

# own OWNER PATH: where we may, and where there is that user.
own() {
    if is_root && id "$user" >/dev/null 2>&1; then run chown "$1" "$2"; fi
}

# folder PATH MODE OWNER
folder() {
    if [ -d "$1" ]; then return; fi
    say "make the folder $1"
    run mkdir -p "$1"
    run chmod "$2" "$1"
    own "$3" "$1"
}

# put FILE TARGET MODE OWNER: where the target is not the same already; with this installation's user and prefix in it.
put() {
    text=$(sed -e "s|/opt/bouncehandler/|$prefix/|g" -e "s/^\(User\|Group\)=pmta$/\1=$user/" \
        -e "s/ pmta pmta -$/ $user $user -/" -e "s/ root pmta -$/ root $user -/" -e "s/su pmta pmta$/su $user $user/" "$1")
    if [ -f "$2" ] && [ "$text" = "$(cat "$2")" ]; then return; fi
    say "write $2"
    if [ -n "$is_dry" ]; then return; fi
    mkdir -p "$(dirname "$2")"
    printf '%s\n' "$text" >"$2.new"
    chmod "$3" "$2.new"
    own "$4" "$2.new"
    mv -f "$2.new" "$2"
}

gone() {
    for path; do
        if [ -e "$path" ] || [ -L "$path" ]; then
            say "remove $path"
            run rm -rf "$path"
        fi
    done
}

# Whatever the program is made from, as one number.
fingerprint() {
    (cd "$source" && find bouncehandler providers config/rules.toml deploy/requirements.txt pyproject.toml -type f \
        ! -name '*.pyc' -exec sha256sum {} + | LC_ALL=C sort && "$python" -V && printf '%s\n' "$prefix") | sha256sum
}

make_user() {
    if [ -n "$root" ] || id "$user" >/dev/null 2>&1; then return; fi
    is_root || die "there is no user $user, and only root can make one: run this as root, or name one with --user" 77
    say "make the system user $user"
    run useradd --system --user-group --no-create-home --home-dir /var/lib/bouncehandler --shell /usr/sbin/nologin "$user"
}

install_program() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        die "$python is not Python 3.11 or newer: name one with --python" 69
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$python lacks the module venv (on Debian: apt-get install python3-venv)" 69
    if [ -e "$program" ] && [ ! -e "$mark" ] && [ -n "$(ls -A "$program")" ]; then
        die "$program is there and was not made by this script: move it away, or name another --prefix" 73
    fi
    now=$(fingerprint)
    if [ "$(cat "$mark" 2>/dev/null)" = "$now" ]; then return; fi
    say "install the program into $program"
    if [ -n "$is_dry" ]; then return; fi
    new=$program.new # mail may come at any moment: the old program stays until the new one is whole
    rm -rf "$new"
    mkdir -p "$new"
    "$python" -m venv --symlinks "$new"
    pip="$new/bin/python -m pip --quiet --disable-pip-version-check --no-cache-dir"
    $pip install --no-compile --no-deps --require-hashes -r "$source/deploy/requirements.txt"
    $pip install --no-compile --no-deps --no-build-isolation "$source"
    "$new/bin/python" -m compileall -q -s "$new" -p "$prefix" "$new/lib"
    find "$new/bin" "$new/pyvenv.cfg" -type f -exec sed -i "s|$new|$prefix|g" {} +
    printf '%s\n' "$now" >"$new/.installed"
    if [ -e "$program" ]; then mv "$program" "$program.old"; fi
    mv "$new" "$program"
    rm -rf "$program.old"
}

install_around() {
    folder "$etc" 0750 "root:$user"
    folder "$state" 0700 "$user:$user"
    folder "$log" 0750 "$user:$user"
    if [ ! -e "$etc/bouncehandler.toml" ]; then
        put "$source/config/bouncehandler.toml" "$etc/bouncehandler.toml" 0640 "root:$user"
        run sed -i 's|^#url = "sqlite:|url = "sqlite:|' "$etc/bouncehandler.toml"
    fi
    for file in "$source"/deploy/pmta/*.conf; do
        put "$file" "$etc/pmta/${file##*/}" 0644 root:root
    done
    for file in "$source"/deploy/systemd/*.service; do
        put "$file" "$units/${file##*/}" 0644 root:root
    done
    put "$source/deploy/tmpfiles.d/bouncehandler.conf" "$root/etc/tmpfiles.d/bouncehandler.conf" 0644 root:root
    put "$source/deploy/logrotate.d/bouncehandler" "$root/etc/logrotate.d/bouncehandler" 0644 root:root
    if [ "$(readlink "$link")" != "$prefix/bin/bouncehandler" ]; then
        say "link $link"
        run mkdir -p "$(dirname "$link")"
        run ln -sfn "$prefix/bin/bouncehandler" "$link"
    fi
    if has_systemd; then run systemctl daemon-reload; fi
}

uninstall() {
    if has_systemd; then
        say 'stop and disable the services'
        for unit in "$units"/multi-user.target.wants/bouncehandler*.service; do
            if [ -L "$unit" ]; then run systemctl disable --now "${unit##*/}"; fi
        done
    fi
    if [ -e "$program" ]; then
        [ -e "$mark" ] || die "$program was not made by this script, and is left alone" 73
        gone "$program"
    fi
    gone "$units/bouncehandler.service" "$units/bouncehandler-ingest@.service" "$root/etc/tmpfiles.d/bouncehandler.conf" \
        "$root/etc/logrotate.d/bouncehandler" "$etc/pmta"
    if [ "$(readlink "$link")" = "$prefix/bin/bouncehandler" ]; then gone "$link"; fi
    if [ -n "$is_purge" ]; then
        gone "$etc" "$state" "$log"
    else
        printf 'kept: %s, %s, %s (--purge removes them)\n' "$etc" "$state" "$log"
    fi
    if has_systemd; then run systemctl daemon-reload; fi
    printf 'kept: the user %s, who may be PowerMTA'\''s\n' "$user"
}

if [ -n "$is_uninstall" ]; then
    uninstall
    exit 0
fi
[ -n "$is_bare" ] || make_user
install_program
if [ -n "$is_bare" ]; then exit 0; fi
install_around
cat <<EOF
bouncehandler is installed in $program. What is next:
  1. name your list managers in $etc/bouncehandler.toml
  2. sudo -u $user $prefix/bin/bouncehandler check
  3. give PowerMTA the blocks in $etc/pmta (or what bouncehandler pmta-config
     prints), then: pmta reload
  4. systemctl enable --now bouncehandler
EOF
