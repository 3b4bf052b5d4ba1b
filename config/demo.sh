#!/bin/sh
# Five rows, five decisions: the main job in a world of its own. Each start of the program has --config and an environment
# that is empty but for two names, so neither /etc/bouncehandler nor the caller's variables take part; the one list manager
# is a file, and all that is written lies in .demo.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."
bin=${BIN:-.venv/bin}
rows=config/samples/synthetic_five_rows.csv
list=.demo/unsubscribed.jsonl
test -x "$bin/bouncehandler" || { echo "$bin/bouncehandler is not there: \`make demo\` sets it up" >&2; exit 1; }

rm -rf .demo
mkdir .demo
cat > .demo/bouncehandler.toml <<EOF
[spool]
url = "sqlite:///.demo/spool.db"

[spool.keep]
figures = "forever"    # the sample rows have a date of their own, whenever this runs

[providers.news]
type = "file"
path = "$list"
EOF

alone() { env -i PATH="$PATH" HOME="$PWD/.demo" "$@"; }
bouncehandler() { alone "$bin/bouncehandler" --config .demo/bouncehandler.toml "$@"; }
shape() { alone "$bin/python" config/demo.py "$@"; }
feed() { bouncehandler --debug < "$rows" 2> "$1" || { cat "$1" >&2; exit 1; }; }
state() { bouncehandler suppressions --format csv; bouncehandler explain ben@example.org --format csv; cat "$list"; }

echo "== five rows as PowerMTA writes them ($rows)"
shape rows "$rows"

printf '\n== cat ROWS | bouncehandler --debug      (the decision on each, and its rule)\n'
feed .demo/first.log
shape decisions "$rows" .demo/first.log
shape totals .demo/first.log

printf '\n== bouncehandler explain ann@example.org\n'
bouncehandler explain ann@example.org --format jsonl > .demo/explained.jsonl
shape history .demo/explained.jsonl

printf '\n== bouncehandler report --since 2026-01-05 --until 2026-01-06 --html FILE\n'
bouncehandler report --since 2026-01-05 --until 2026-01-06 --html .demo/report.html

printf '\n== the same rows again: no new suppression, no new call\n'
state > .demo/before.txt
feed .demo/again.log
state > .demo/after.txt
shape totals .demo/again.log
cmp .demo/before.txt .demo/after.txt
echo "as before: the suppressions, ben's soft bounces, $list"
