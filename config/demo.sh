#!/bin/sh
# The main job on the sample records beside this file: the embedded spool, and one provider that writes to a file.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd)
bin=${BIN:-.venv/bin}
rm -rf .demo
mkdir .demo
export BOUNCEHANDLER_SPOOL__URL="sqlite:///$here/.demo/spool.db"
export BOUNCEHANDLER_PROVIDERS__DEMO__TYPE=file
export BOUNCEHANDLER_PROVIDERS__DEMO__PATH="$here/.demo/unsubscribed.jsonl"

say() { printf '\n== %s\n' "$*"; }

say "cat config/samples/*.csv | bouncehandler      (each outcome; then what was read, and why the rest was ignored)"
cat config/samples/*.csv | "$bin/bouncehandler"

say "bouncehandler suppressions      (who is not to be mailed again, and the rule that said so)"
"$bin/bouncehandler" suppressions

say "bouncehandler status"
"$bin/bouncehandler" status

say "the same records again change nothing"
cat config/samples/*.csv | "$bin/bouncehandler"

say "what the list manager was told is in .demo/unsubscribed.jsonl"
wc -l .demo/unsubscribed.jsonl
